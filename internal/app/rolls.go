package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/foyerhq/foyer/internal/pfsense"
	"github.com/foyerhq/foyer/internal/roll"
	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/visit"
)

// RollCommands bring pfSense's vouchers here and back.
type RollCommands struct {
	Import RollImport `cmd:"" help:"Go on with a pfSense zone's vouchers, in the middle of their rolls."`
	Export RollExport `cmd:"" help:"Write a compatible zone as pfSense keeps it, private key included."`
}

// maxStateFile bounds a file of used or active codes; 65,535 active ones have 2 MB.
const maxStateFile = 8 << 20

// RollImport reads a configuration and the files beside it.
type RollImport struct {
	Database
	Site   visit.SiteID `required:"" help:"Site that the zone is made at."`
	Zone   string       `help:"Zone of the configuration; needed where it has several."`
	Name   string       `help:"Name of the new zone; the configuration's when absent."`
	Fresh  bool         `help:"Take rolls without a used file as never used. All their codes are then good once more."`
	Config string       `arg:"" help:"config.xml, not encrypted." type:"existingfile"`
	Files  []string     `arg:"" optional:"" help:"voucher_ZONE_used_N.db and voucher_ZONE_active_N.db, or a folder with them."`
}

// Run imports one zone.
func (c *RollImport) Run(ctx context.Context, p *Program) error {
	zone, err := c.read()
	if err != nil {
		return err
	}
	in, err := c.compose(zone)
	if err != nil {
		return err
	}
	return withStore(ctx, p, c.Database, func(ctx context.Context, s *store.Store) error {
		made, rolls, err := s.ImportZone(ctx, operator, in)
		if err != nil {
			return plainly(err)
		}
		_, err = fmt.Fprintf(p.Out, "zone %s: %s\n", made.ID, made.Name)
		for _, r := range rolls {
			_, err = fmt.Fprintf(p.Out, "roll %d: %d ready, %d active, %d used\n", r.Number, r.Ready, r.Active, r.Used)
		}
		return err
	})
}

// plainly is a refusal's message, which is for people.
func plainly(err error) error {
	if refusal, ok := errors.AsType[*visit.Error](err); ok && refusal.Kind != visit.KindUnavailable {
		return errors.New(refusal.Message)
	}
	return err
}

// read finds the zone in the configuration.
func (c *RollImport) read() (pfsense.Zone, error) {
	file, err := os.Open(c.Config)
	if err != nil {
		return pfsense.Zone{}, err
	}
	defer func() { _ = file.Close() }()
	zones, err := pfsense.ReadConfig(file)
	if err != nil {
		return pfsense.Zone{}, plainly(err)
	}
	var names []string
	for _, zone := range zones {
		if zone.Name == c.Zone || c.Zone == "" && len(zones) == 1 {
			return zone, nil
		}
		names = append(names, zone.Name)
	}
	if len(names) == 0 {
		return pfsense.Zone{}, errors.New("the configuration has no zone with vouchers")
	}
	return pfsense.Zone{}, fmt.Errorf("say which zone by --zone: %s", strings.Join(names, ", "))
}

func (c *RollImport) compose(zone pfsense.Zone) (store.ZoneImport, error) {
	f := zone.Format
	in := store.ZoneImport{
		Zone: store.Zone{
			SiteID: c.Site, Name: zone.Name, Enabled: zone.Enabled, Logins: zone.Logins,
			InvalidMessage: zone.InvalidMessage, ExpiredMessage: zone.ExpiredMessage,
		},
		Series: store.SeriesChange{
			PrivateKey: zone.PrivateKey, PublicKey: zone.PublicKey, RollBits: &f.RollBits, TicketBits: &f.TicketBits,
			ChecksumBits: &f.ChecksumBits, Magic: &f.Magic, Alphabet: &f.Alphabet,
		},
	}
	if c.Name != "" {
		in.Zone.Name = c.Name
	}
	for _, r := range zone.Rolls {
		files, err := c.state(zone.Name, r)
		if err != nil {
			return in, err
		}
		in.Rolls = append(in.Rolls, store.RollImport{
			Number: r.Number, Count: r.Count, For: time.Duration(r.Minutes) * time.Minute, Description: strings.Join(strings.Fields(r.Description), " "), Files: files,
		})
	}
	return in, nil
}

// state reads a roll's two files. Without the first nobody knows which codes were used.
func (c *RollImport) state(zone string, r pfsense.Roll) (roll.Files, error) {
	used, ok, err := c.file(pfsense.UsedFile(zone, r.Number))
	if err != nil {
		return roll.Files{}, err
	}
	if !ok && !c.Fresh {
		return roll.Files{}, fmt.Errorf("there is no %s: used codes of roll %d would be good again; give the file, or --fresh if they are to be", pfsense.UsedFile(zone, r.Number), r.Number)
	}
	if !ok {
		used = roll.NewMask(r.Count).Text()
	}
	active, _, err := c.file(pfsense.ActiveFile(zone, r.Number))
	return roll.Files{Used: used, Active: active}, err
}

// file looks a file up among those given.
func (c *RollImport) file(name string) (text string, found bool, err error) {
	for _, path := range c.Files {
		if info, err := os.Stat(path); err == nil && info.IsDir() {
			path = filepath.Join(path, name)
		}
		if filepath.Base(path) != name {
			continue
		}
		body, err := readState(path)
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		return string(body), err == nil, err
	}
	return "", false, nil
}

func readState(path string) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }()
	body, err := io.ReadAll(io.LimitReader(file, maxStateFile+1))
	if err == nil && len(body) > maxStateFile {
		err = fmt.Errorf("%s is larger than %d MB", filepath.Base(path), maxStateFile>>20)
	}
	return body, err
}

// RollExport writes a folder.
type RollExport struct {
	Database
	Site   visit.SiteID `required:"" help:"Site of the zone."`
	Zone   roll.ZoneID  `required:"" help:"Zone, by its id."`
	Folder string       `arg:"" help:"New folder for config.xml and the files."`
}

// Run writes config.xml and two files for each roll.
func (c *RollExport) Run(ctx context.Context, p *Program) error {
	if err := os.Mkdir(c.Folder, 0o700); err != nil {
		return err
	}
	return withStore(ctx, p, c.Database, func(ctx context.Context, s *store.Store) error {
		out, err := s.ExportZone(ctx, operator, c.Site, c.Zone)
		if err != nil {
			return plainly(err)
		}
		return c.write(p.Out, out)
	})
}

func (c *RollExport) write(out io.Writer, in store.ZoneExport) error {
	zone := pfsense.Zone{
		Name: pfsense.ZoneName(in.Zone.Name), Enabled: in.Zone.Enabled, Format: in.Zone.Series.Format, PublicKey: in.PublicKey, PrivateKey: in.PrivateKey,
		InvalidMessage: in.Zone.InvalidMessage, ExpiredMessage: in.Zone.ExpiredMessage, Logins: in.Zone.Logins,
	}
	for _, r := range in.Rolls {
		minutes := int64((r.For + time.Minute - 1) / time.Minute) // a begun minute is given whole
		zone.Rolls = append(zone.Rolls, pfsense.Roll{Number: r.Number, Minutes: minutes, Count: r.Count, Description: r.Description})
		if err := errors.Join(c.file(pfsense.UsedFile(zone.Name, r.Number), r.Files.Used), c.file(pfsense.ActiveFile(zone.Name, r.Number), r.Files.Active)); err != nil {
			return err
		}
		_, _ = fmt.Fprintf(out, "roll %d: %d tickets, %d ready, %d active\n", r.Number, r.Count, r.Ready, r.Active)
		if r.Unsold > 0 {
			_, _ = fmt.Fprintf(out, "roll %d: %d codes were not sold; pfSense accepts them all the same\n", r.Number, r.Unsold)
		}
	}
	var config strings.Builder
	if err := pfsense.WriteConfig(&config, zone); err != nil {
		return err
	}
	return c.file("config.xml", config.String())
}

func (c *RollExport) file(name, text string) error {
	return os.WriteFile(filepath.Join(c.Folder, name), []byte(text), 0o600)
}
