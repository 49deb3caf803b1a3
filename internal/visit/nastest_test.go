package visit_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/foyerhq/foyer/internal/visit"
)

func TestWhatATestOfANASFinds(t *testing.T) {
	t.Parallel()
	since := time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)
	early, late := new(since.Add(time.Minute)), new(since.Add(time.Hour))
	codes := func(r visit.NASReport, policy visit.MessageAuthenticatorPolicy) (list []string) {
		r.HeardSince = since
		for _, f := range r.Findings(policy) {
			list = append(list, string(f.State)+" "+f.Code)
		}
		return list
	}
	const strict, auto, none = visit.RequireMessageAuthenticator, visit.AutoMessageAuthenticator, visit.AllowNone
	for name, c := range map[string]struct {
		report visit.NASReport
		policy visit.MessageAuthenticatorPolicy
		want   []string
	}{
		"all is well": {
			visit.NASReport{Answer: visit.ProbeUnderstood, ErrorCause: 503, SignedAt: late, UnsignedAt: early, AccountingAt: late}, strict,
			[]string{"good disconnect_understood", "good requests_seen", "good signature_seen", "good accounting_seen"},
		},
		"nothing was heard": {
			visit.NASReport{Answer: visit.ProbeNoAnswer}, strict,
			[]string{"bad disconnect_no_answer", "unknown requests_none", "unknown accounting_none"},
		},
		"another secret": {
			visit.NASReport{Answer: visit.ProbeForged, SignedAt: early, DistrustedAt: late}, strict,
			[]string{"bad disconnect_forged", "bad secret_suspected", "good signature_seen", "unknown accounting_none"},
		},
		"the secret was mended": {
			visit.NASReport{Answer: visit.ProbeUnderstood, SignedAt: late, DistrustedAt: early}, strict,
			[]string{"good disconnect_understood", "good requests_seen", "good signature_seen", "unknown accounting_none"},
		},
		"unsigned, and refused": {
			visit.NASReport{Answer: visit.ProbeUnderstood, UnsignedAt: late}, strict,
			[]string{"good disconnect_understood", "good requests_seen", "bad signature_missing", "unknown accounting_none"},
		},
		"unsigned, until one is signed": {
			visit.NASReport{Answer: visit.ProbeUnderstood, UnsignedAt: late}, auto,
			[]string{"good disconnect_understood", "good requests_seen", "bad signature_not_yet", "unknown accounting_none"},
		},
		"signed, and then not": {
			visit.NASReport{Answer: visit.ProbeUnderstood, SignedAt: early, UnsignedAt: late}, auto,
			[]string{"good disconnect_understood", "good requests_seen", "bad signature_missing", "unknown accounting_none"},
		},
		"unsigned, at a stated risk": {
			visit.NASReport{Answer: visit.ProbeUnderstood, UnsignedAt: late, AccountingAt: late}, none,
			[]string{"good disconnect_understood", "good requests_seen", "bad signature_allowed_none", "good accounting_seen"},
		},
		"prohibited":       {visit.NASReport{Answer: visit.ProbeRefused, ErrorCause: 501}, none, []string{"bad disconnect_prohibited", "unknown requests_none", "unknown accounting_none"}},
		"not this NAS":     {visit.NASReport{Answer: visit.ProbeRefused, ErrorCause: 403}, none, []string{"bad disconnect_mismatch", "unknown requests_none", "unknown accounting_none"}},
		"busy":             {visit.NASReport{Answer: visit.ProbeRefused, ErrorCause: 506}, none, []string{"bad disconnect_busy", "unknown requests_none", "unknown accounting_none"}},
		"agrees":           {visit.NASReport{Answer: visit.ProbeAgreed}, none, []string{"bad disconnect_agreed", "unknown requests_none", "unknown accounting_none"}},
		"another refusal":  {visit.NASReport{Answer: visit.ProbeRefused, ErrorCause: 402}, none, []string{"bad disconnect_refused", "unknown requests_none", "unknown accounting_none"}},
		"an old agent":     {visit.NASReport{Answer: visit.ProbeAgentTooOld}, none, []string{"bad agent_too_old"}},
		"an agent away":    {visit.NASReport{Answer: visit.ProbeAgentOffline}, none, []string{"bad agent_offline"}},
		"not known there":  {visit.NASReport{Answer: visit.ProbeUnknownNAS}, none, []string{"bad unknown_nas"}},
		"no result at all": {visit.NASReport{Answer: visit.ProbeAgentSilent}, none, []string{"bad agent_silent"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, c.want, codes(c.report, c.policy))
		})
	}
}
