package app

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/foyerhq/foyer/internal/pfsense"
	"github.com/foyerhq/foyer/internal/roll"
	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/store/storetest"
	"github.com/foyerhq/foyer/internal/visit"
)

// firewall is a folder with what a pfSense keeps of a zone, made of a recorded key.
type firewall struct {
	folder string
	zone   pfsense.Zone
	codes  []string
	mask   roll.Mask
}

func newFirewall(t *testing.T) firewall {
	t.Helper()
	v := recordedVouchers(t)
	f := firewall{folder: t.TempDir(), mask: roll.NewMask(20)}
	format, err := roll.ReadOriginalFormat(v.Configs[0].File, "voucher.cfg")
	require.NoError(t, err)
	key, err := roll.ParsePrivateKey([]byte(v.Keys[0].Private))
	require.NoError(t, err)
	f.zone = pfsense.Zone{
		Name: "lobby", Enabled: true, Format: format, PrivateKey: v.Keys[0].Private, PublicKey: v.Keys[0].Public, Logins: roll.MultipleLogins,
		Rolls: []pfsense.Roll{{Number: 7, Minutes: 90, Count: 20, Description: "day passes"}},
	}
	printer, err := roll.NewPrinter(key, format)
	require.NoError(t, err)
	for ticket := uint32(1); ticket <= 20; ticket++ {
		f.codes = append(f.codes, printer.Code(7, ticket))
	}
	for _, ticket := range []uint32{3, 4, 20} {
		f.mask.Set(ticket)
	}
	f.put(t, "voucher_lobby_used_7.db", f.mask.Text())
	f.put(t, "voucher_lobby_active_7.db", fmt.Sprintf("%s,%d,90\n", f.codes[3], time.Now().Add(-10*time.Minute).Unix()))
	var config bytes.Buffer
	require.NoError(t, pfsense.WriteConfig(&config, f.zone))
	f.put(t, "config.xml", config.String())
	return f
}

func (f firewall) put(t *testing.T, name, text string) {
	t.Helper()
	require.NoError(t, os.WriteFile(filepath.Join(f.folder, name), []byte(text), 0o600))
}

func TestRollsMoveByCommand(t *testing.T) {
	t.Parallel()
	f := newFirewall(t)
	database := Database{URL: storetest.URL(t), Key: base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{7}, 32))}
	var out bytes.Buffer
	program := &Program{Logger: discard, Out: &out}
	var site visit.Site
	var zones []store.Zone
	onStore := func(use func(*store.Store) error) {
		require.NoError(t, use(opened(t, database)))
	}
	onStore(func(s *store.Store) (err error) {
		site, err = s.CreateSite(t.Context(), operator, visit.Site{Name: "Berlin", Timezone: "Europe/Berlin"})
		return err
	})

	command := &RollImport{Database: database, Site: site.ID, Config: filepath.Join(f.folder, "config.xml")}
	require.ErrorContains(t, command.Run(t.Context(), program), "there is no voucher_lobby_used_7.db", "which codes were used?")
	command.Files = []string{f.folder}
	require.NoError(t, command.Run(t.Context(), program))
	require.Contains(t, out.String(), "roll 7: 17 ready, 1 active, 2 used\n")
	require.ErrorContains(t, command.Run(t.Context(), program), "Another zone of the site has this name.")

	onStore(func(s *store.Store) (err error) {
		if zones, err = s.Zones(t.Context(), store.Everything, site.ID); err != nil {
			return err
		}
		d, err := s.UseCodes(t.Context(), operator, site.ID, zones[0].ID, f.codes[0])
		require.Empty(t, d.Refused)
		return err
	})
	back := filepath.Join(t.TempDir(), "back")
	require.NoError(t, (&RollExport{Database: database, Site: site.ID, Zone: zones[0].ID, Folder: back}).Run(t.Context(), program))
	info, err := os.Stat(filepath.Join(back, "config.xml"))
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm(), "the private key is in it")
	config, err := os.Open(filepath.Join(back, "config.xml"))
	require.NoError(t, err)
	defer func() { _ = config.Close() }()
	again, err := pfsense.ReadConfig(config)
	require.NoError(t, err)
	want := f.zone
	want.InvalidMessage, want.ExpiredMessage = "Voucher invalid", "Voucher expired"
	require.Equal(t, []pfsense.Zone{want}, again)
	f.mask.Set(1)
	used, err := os.ReadFile(filepath.Join(back, "voucher_lobby_used_7.db"))
	require.NoError(t, err)
	require.Equal(t, f.mask.Text(), string(used))
	active, err := os.ReadFile(filepath.Join(back, "voucher_lobby_active_7.db"))
	require.NoError(t, err)
	require.Regexp(t, `^`+f.codes[0]+`,\d+,90\n`+f.codes[3]+`,\d+,90\n$`, string(active))
}

func opened(t *testing.T, database Database) *store.Store {
	t.Helper()
	ring, err := newKeyring(database)
	require.NoError(t, err)
	s, err := store.Open(t.Context(), store.Config{URL: database.URL, Keyring: ring, Logger: discard, MaxConns: 2})
	require.NoError(t, err)
	t.Cleanup(s.Close)
	return s
}
