package app

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/foyerhq/foyer/internal/crm"
	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/visit"
	"github.com/foyerhq/foyer/internal/webhook"
	"github.com/foyerhq/foyer/worker"
)

// newVendors makes the clients of CRMs, which dial through the guard.
func newVendors(o Outward) (*crm.Vendors, error) {
	guard, err := o.guard()
	if err != nil {
		return nil, err
	}
	return crm.NewVendors(crm.Options{HTTP: webhook.HTTPClient(webhook.Options{Guard: guard}), Allow: guard.Allowed, Now: time.Now}), nil
}

func newCRM(s *store.Store, vendors *crm.Vendors) *worker.CRM {
	return worker.NewCRM(s, vendors, worker.NewCRMGate(time.Now))
}

// CRMCommands look after customers' CRM accounts.
type CRMCommands struct {
	Accounts CRMAccountsCommand `cmd:"" help:"List CRM accounts."`
	Setup    CRMSetupCommand    `cmd:"" help:"Make in the CRM what visits need, and say what an administrator must do."`
	Test     CRMTestCommand     `cmd:"" help:"Find out whether an account's credentials hold and its CRM is set up."`
}

// CRMAccountsCommand lists accounts.
type CRMAccountsCommand struct{ Database }

// Run prints a table.
func (c *CRMAccountsCommand) Run(ctx context.Context, p *Program) error {
	return withStore(ctx, p, c.Database, func(ctx context.Context, s *store.Store) error {
		accounts, err := s.CRMAccounts(ctx, store.Everything)
		if err != nil {
			return err
		}
		w := tabwriter.NewWriter(p.Out, 0, 0, 2, ' ', 0)
		_, _ = fmt.Fprintln(w, "ID\tKIND\tNAME\tCREATED")
		for _, a := range accounts {
			_, _ = fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", a.ID, a.Kind, a.Name, when(&a.CreatedAt))
		}
		return w.Flush()
	})
}

// CRMSetupCommand sets an account's CRM up.
type CRMSetupCommand struct {
	Database
	Outward
	Account visit.CRMAccountID `arg:"" help:"The account's id; see foyer crm accounts."`
}

var errCRMNotReady = errors.New("the CRM is not ready: do what is said above, then run this again")

// Run prints what was made and what is left to do, and fails when something is.
func (c *CRMSetupCommand) Run(ctx context.Context, p *Program) error {
	return withCRM(ctx, p, c.Database, c.Outward, c.Account, func(ctx context.Context, s *store.Store, vendors *crm.Vendors, account visit.CRMAccount) error {
		done, err := vendors.Setup(ctx, account)
		if err != nil {
			return err
		}
		var out strings.Builder
		for _, made := range done.Made {
			out.WriteString("made: " + made + "\n")
		}
		for _, todo := range done.ToDo {
			out.WriteString("to do: " + todo + "\n")
		}
		if done.Ready {
			out.WriteString("ready\n")
		}
		if _, err := fmt.Fprint(p.Out, out.String()); err != nil {
			return err
		}
		if !done.Ready {
			return errCRMNotReady
		}
		_, err = s.UpdateCRMAccount(ctx, operator, account.ID, store.CRMAccountChange{Settings: &done.Settings}, vendors.Validate)
		return err
	})
}

// CRMTestCommand tests an account.
type CRMTestCommand struct {
	Database
	Outward
	Account visit.CRMAccountID `arg:"" help:"The account's id; see foyer crm accounts."`
}

// Run prints "ready", or fails with the reason.
func (c *CRMTestCommand) Run(ctx context.Context, p *Program) error {
	return withCRM(ctx, p, c.Database, c.Outward, c.Account, func(ctx context.Context, _ *store.Store, vendors *crm.Vendors, account visit.CRMAccount) error {
		if err := vendors.Check(ctx, account); err != nil {
			return err
		}
		_, err := fmt.Fprintln(p.Out, "ready")
		return err
	})
}

// withCRM runs f on an account with its credentials.
func withCRM(ctx context.Context, p *Program, db Database, o Outward, id visit.CRMAccountID,
	f func(context.Context, *store.Store, *crm.Vendors, visit.CRMAccount) error,
) error {
	vendors, err := newVendors(o)
	if err != nil {
		return err
	}
	return withStore(ctx, p, db, func(ctx context.Context, s *store.Store) error {
		account, err := s.OpenCRMAccount(ctx, store.Everything, id)
		if err != nil {
			return err
		}
		return explained(f(ctx, s, vendors, account))
	})
}
