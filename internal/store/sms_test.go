package store_test

import (
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/visit"
)

var smsLimits = store.SMSLimits{PerNumber: 3, PerSite: 100, CodeFor: 10 * time.Minute, MaxAttempts: 5}

func (b bench) newCode(t *testing.T, phone, code string, l store.SMSLimits) error {
	t.Helper()
	return b.NewSMSCode(t.Context(), b.site.ID, []byte(phone), []byte(code), l)
}

func (b bench) useCode(t *testing.T, phone, code string) error {
	t.Helper()
	return b.UseSMSCode(t.Context(), b.site.ID, []byte(phone), []byte(code), smsLimits)
}

func TestACodeIsGoodOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	require.ErrorIs(t, b.useCode(t, "phone", "code"), store.ErrSMSCode, "never sent")
	require.NoError(t, b.newCode(t, "phone", "code", smsLimits))
	require.ErrorIs(t, b.useCode(t, "other", "code"), store.ErrSMSCode)
	require.NoError(t, b.useCode(t, "phone", "code"))
	require.ErrorIs(t, b.useCode(t, "phone", "code"), store.ErrSMSCode, "used")

	require.NoError(t, b.newCode(t, "phone", "first", smsLimits))
	b.Clock.Advance(time.Second)
	require.NoError(t, b.newCode(t, "phone", "second", smsLimits))
	require.ErrorIs(t, b.useCode(t, "phone", "first"), store.ErrSMSCode, "replaced")
	b.Clock.Advance(smsLimits.CodeFor)
	require.ErrorIs(t, b.useCode(t, "phone", "second"), store.ErrSMSCode, "expired")
}

// Guessing side by side gains nothing: five tries are all there are.
func TestFiveTries(t *testing.T) {
	t.Parallel()
	b := setup(t)
	require.NoError(t, b.newCode(t, "phone", "code", smsLimits))
	var guesses sync.WaitGroup
	for range 20 {
		guesses.Go(func() { _ = b.UseSMSCode(t.Context(), b.site.ID, []byte("phone"), []byte("wrong"), smsLimits) })
	}
	guesses.Wait()
	require.Equal(t, []int32{5}, sql[int32](t, b, "select attempts from sms_codes"))
	require.ErrorIs(t, b.useCode(t, "phone", "code"), store.ErrSMSCode)
}

func TestSMSLimits(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for range smsLimits.PerNumber {
		require.NoError(t, b.newCode(t, "phone", "code", smsLimits))
	}
	require.ErrorIs(t, b.newCode(t, "phone", "code", smsLimits), store.ErrSMSNumberLimit)
	few := smsLimits
	few.PerSite = 3
	require.ErrorIs(t, b.newCode(t, "another", "code", few), store.ErrSMSSiteLimit)
	dear := smsLimits
	dear.Cost, dear.CostCap = 8, 20
	require.NoError(t, b.newCode(t, "x1", "code", dear))
	require.NoError(t, b.newCode(t, "x2", "code", dear))
	require.ErrorIs(t, b.newCode(t, "x3", "code", dear), store.ErrSMSCostCap)
	require.Equal(t, []int64{16}, sql[int64](t, b, "select cost from sms_spend"), "what was refused cost nothing")
	b.Clock.Advance(24 * time.Hour)
	require.NoError(t, b.newCode(t, "phone", "code", dear), "another day")
	require.ErrorIs(t, b.NewSMSCode(t.Context(), "01890a5d-ac96-774b-bcce-b302099a8057", nil, nil, smsLimits), visit.ErrSiteNotFound)
}
