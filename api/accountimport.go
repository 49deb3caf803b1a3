package api

import (
	"context"
	"strings"
	"time"

	"github.com/foyerhq/foyer/internal/auth"
	"github.com/foyerhq/foyer/internal/identity"
	"github.com/foyerhq/foyer/internal/sheet"
	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/visit"
)

type importAccountsInput struct {
	SiteID    visit.SiteID       `query:"site_id" format:"uuid" required:"true"`
	ProfileID identity.ProfileID `query:"profile_id" format:"uuid" doc:"Of rows that name none."`
	StartsAt  time.Time          `query:"starts_at" doc:"Of rows that have none."`
	EndsAt    time.Time          `query:"ends_at" doc:"Of rows that have none."`
	Update    bool               `query:"update" doc:"Change accounts that are there; else they are skipped, and that is said."`
	DryRun    bool               `query:"dry_run" doc:"Find out what would happen; nothing is changed."`
	Map       []string           `query:"map" maxItems:"50" doc:"Columns that are named otherwise: Vorname:first_name; with nothing behind the colon a column is passed over."`
	RawBody   []byte             `contentType:"text/csv"`
}

// AccountImportRow is what became of one line.
type AccountImportRow struct {
	Line      int                 `json:"line" doc:"Of the file; the first is 1 and names the columns."`
	Outcome   store.ImportOutcome `json:"outcome" enum:"created,updated,skipped,refused"`
	AccountID visit.PersonID      `json:"account_id,omitempty"`
	Refused   *ImportFault        `json:"refused,omitempty"`
}

type importAccountsAnswer struct {
	Body struct {
		DryRun  bool               `json:"dry_run"`
		Created int                `json:"created"`
		Updated int                `json:"updated"`
		Skipped int                `json:"skipped" doc:"There are accounts with their logins."`
		Refused int                `json:"refused"`
		Columns []string           `json:"columns" doc:"Of the file, from left to right; empty where one is passed over."`
		Rows    []AccountImportRow `json:"rows"`
	}
}

// importAccounts makes the accounts of a spreadsheet.
func (s *Server) importAccounts(ctx context.Context, in *importAccountsInput) (*importAccountsAnswer, error) {
	site, err := s.Store.Site(ctx, scopeOf(auth.PrincipalOf(ctx)), in.SiteID)
	if err != nil {
		return nil, err
	}
	zone, err := time.LoadLocation(site.Timezone)
	if err != nil {
		return nil, err
	}
	called, err := calledBy(in.Map)
	if err != nil {
		return nil, err
	}
	file, err := sheet.Accounts(called).Parse(in.RawBody)
	if err != nil {
		return nil, err
	}
	rows := each(file.Rows, func(r sheet.Row) store.AccountRow { return in.row(r, zone) })
	results, err := s.Store.ImportAccounts(ctx, s.caller(ctx), in.SiteID, rows, store.AccountImport{DryRun: in.DryRun, Update: in.Update})
	if err != nil {
		return nil, err
	}
	a := &importAccountsAnswer{}
	a.Body.DryRun, a.Body.Columns, a.Body.Rows = in.DryRun, file.Columns, []AccountImportRow{}
	counts := map[store.ImportOutcome]int{}
	for i, r := range results {
		counts[r.Outcome]++
		a.Body.Rows = append(a.Body.Rows, AccountImportRow{file.Rows[i].Line, r.Outcome, r.AccountID, accountFault(file, r.Refused)})
	}
	a.Body.Created, a.Body.Updated = counts[store.RowCreated], counts[store.RowUpdated]
	a.Body.Skipped, a.Body.Refused = counts[store.RowSkipped], counts[store.RowRefused]
	return a, nil
}

// calledBy reads how this file names columns.
func calledBy(pairs []string) (map[string]string, error) {
	called := make(map[string]string, len(pairs))
	for _, pair := range pairs {
		at := strings.LastIndex(pair, ":")
		if at < 1 {
			return nil, visit.Invalid("map", "Such as Vorname:first_name.")
		}
		called[pair[:at]] = pair[at+1:]
	}
	return called, nil
}

// row is a line with what is said for the whole file.
func (in *importAccountsInput) row(r sheet.Row, zone *time.Location) store.AccountRow {
	read, refused := r.Account(zone)
	for _, of := range []struct {
		at    **time.Time
		whole *time.Time
	}{{&read.StartsAt, &in.StartsAt}, {&read.EndsAt, &in.EndsAt}} {
		if *of.at == nil && !of.whole.IsZero() {
			*of.at = of.whole
		}
	}
	return store.AccountRow{
		NewAccount: store.NewAccount{
			ProfileID: in.ProfileID, Login: read.Login, Visitor: read.Visitor, StartsAt: read.StartsAt, EndsAt: read.EndsAt,
			Notes: read.Notes, Language: read.Language,
		},
		Profile: read.Profile, Refused: refused,
	}
}

func accountFault(file sheet.Sheet, refused *visit.Error) *ImportFault {
	if refused == nil {
		return nil
	}
	column := sheet.AccountColumn(refused.Field)
	return &ImportFault{problemType + refused.Code, refused.Message, column, file.Column(column)}
}
