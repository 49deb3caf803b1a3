package api_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/foyerhq/foyer/internal/auth"
	"github.com/foyerhq/foyer/internal/catalogue"
)

// The dashboard explains roles by what they allow: none of it by a code alone.
func TestRolesAndPermissionsHaveWords(t *testing.T) {
	t.Parallel()
	keys := []string{}
	for _, role := range auth.Roles() {
		keys = append(keys, "web.role."+string(role), "web.role."+string(role)+".text")
	}
	for _, permission := range auth.EveryPermission().Names() {
		keys = append(keys, "web.permission."+permission)
	}
	p := catalogue.New("en", "")
	for _, key := range keys {
		_, found := p.Lookup(key)
		require.True(t, found, key)
	}
	_, found := p.Lookup("web.permission.moon.walk")
	require.False(t, found, "the negative control")
}

// theirs are refusals that nobody meets in the dashboard: those of agents and hubs, of
// kiosks, of portal pages, and of programs that call the API.
var theirs = []string{
	"agent_quarantined", "enrolment_refused", "ledger_empty", "stale_epoch", "no_certificate",
	"already_checked_in", "invitation_not_found", "pairing_refused", "rules_not_found", "too_early",
	"account_blocked", "consent_missing", "device_not_found", "device_taken", "portal_closed", "voucher_not_found",
	"registration_code_tries", "registration_code_wrong", "registration_limit", "registration_not_found", "registration_over", "registration_sends", "registration_too_soon",
	"access_not_found", "sms_code_wrong", "sms_cost_cap", "sms_number_limit", "sms_off", "sms_site_limit",
	"class_unknown", "crm_busy", "crm_erased", "export_running", "idempotency_key_reused", "mail_kind", "not_a_user", "purge_not_found",
	"totp_required",
}

var refusal = regexp.MustCompile(`Errorf\((?:visit\.)?Kind\w+,\s*"([a-z_]+)"`)

// What the API refuses is said in the reader's language: what the server says is English.
func TestRefusalsHaveWords(t *testing.T) {
	t.Parallel()
	p := catalogue.New("de", "")
	seen := 0
	for _, folder := range []string{".", "../internal/visit", "../internal/store", "../internal/roll"} {
		files, err := filepath.Glob(folder + "/*.go")
		require.NoError(t, err)
		for _, file := range files {
			source, err := os.ReadFile(file)
			require.NoError(t, err)
			if strings.HasSuffix(file, "_test.go") {
				continue
			}
			for _, found := range refusal.FindAllStringSubmatch(string(source), -1) {
				seen++
				_, said := p.Lookup("web.problem." + found[1])
				require.True(t, said || slices.Contains(theirs, found[1]), "web.problem.%s, of %s", found[1], file)
			}
		}
	}
	require.Greater(t, seen, 80, "the negative control: they are found")
}
