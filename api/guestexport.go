package api

import (
	"context"
	"encoding/csv"
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humagin"
	"github.com/gin-gonic/gin"

	"github.com/foyerhq/foyer/internal/store"
)

// table is a CSV file that is written page by page: it is as long as it is.
type table struct {
	c     *gin.Context
	name  string
	head  []string
	w     *csv.Writer
	begun bool
}

// rows adds some. A reader that does not go on reading ends the export.
func (t *table) rows(rows [][]string) error {
	if !t.begun {
		t.begun = true
		t.c.Header("Content-Type", "text/csv; charset=utf-8")
		t.c.Header("Content-Disposition", `attachment; filename="`+t.name+`"`)
		t.c.Status(http.StatusOK)
		t.w = csv.NewWriter(t.c.Writer)
		rows = append([][]string{t.head}, rows...)
	}
	err := http.NewResponseController(t.c.Writer).SetWriteDeadline(time.Now().Add(writeWithin))
	if err != nil && !errors.Is(err, http.ErrNotSupported) {
		return err
	}
	return t.w.WriteAll(rows)
}

// stream answers a table. What goes wrong before the first row is answered as ever;
// after that the connection is broken off.
func (s *Server) stream(by store.Caller, name string, head []string, write func(context.Context, *table) error) *huma.StreamResponse {
	return &huma.StreamResponse{Body: func(hc huma.Context) {
		c := humagin.Unwrap(hc)
		if !s.exports.begin(by.Actor) {
			s.refuse(c, errExporting)
			return
		}
		defer s.exports.end(by.Actor)
		t := &table{c: c, name: name, head: head}
		ctx, cancel := context.WithTimeout(c.Request.Context(), store.ExportFor)
		defer cancel()
		err := write(ctx, t)
		switch {
		case err == nil:
		case !t.begun:
			s.refuse(c, err)
		default:
			s.Logger.WarnContext(ctx, "export broken off", "error", err)
			panic(http.ErrAbortHandler)
		}
	}}
}

var accountsHead = []string{
	"id", "login", "first_name", "last_name", "email", "phone", "company", "site_id", "profile", "lifecycle", "method",
	"starts_at", "ends_at", "contact_status", "proven_at", "blocked_at", "first_login_at", "last_login_at", "created_at", "notes",
}

func accountCells(a store.Account) []string {
	return each([]string{
		string(a.ID), a.Login, a.FirstName, a.LastName, a.Email, a.Phone, a.Company, string(a.SiteID), a.ProfileName, string(a.Lifecycle), string(a.Method),
		stamp(&a.StartsAt), stamp(&a.EndsAt), string(a.ContactStatus), stamp(a.ProvenAt), stamp(a.BlockedAt), stamp(a.FirstLoginAt), stamp(a.LastLoginAt),
		stamp(&a.CreatedAt), a.Notes,
	}, cell)
}

func (s *Server) exportAccounts(ctx context.Context, in *AccountsInput) (*huma.StreamResponse, error) {
	by, filter := s.caller(ctx), in.filter()
	return s.stream(by, "accounts.csv", accountsHead, func(ctx context.Context, t *table) error {
		return s.Store.ExportAccounts(ctx, by, filter, func(page []store.Account) error { return t.rows(each(page, accountCells)) })
	}), nil
}

var authenticationsHead = []string{
	"id", "name", "account_id", "login", "first_name", "last_name", "site_id", "portal", "method", "green", "status", "renewal", "recognised_by",
	"started_at", "expires_at", "ended_at", "reason", "mac", "ip", "ssid", "ap",
}

func authenticationCells(x store.AuthenticationItem) []string {
	a := authenticationOf(x)
	return each([]string{
		a.ID, a.Name, string(a.AccountID), a.Login, a.FirstName, a.LastName, string(a.SiteID), a.PortalName, string(a.Method), strconv.FormatBool(a.Green),
		string(a.Status), strconv.FormatBool(a.Renewal), string(a.RecognisedBy), stamp(&a.StartedAt), stamp(&a.ExpiresAt), stamp(a.EndedAt), string(a.Reason),
		a.MAC, a.IP, a.SSID, a.AP,
	}, cell)
}

func (s *Server) exportAuthentications(ctx context.Context, in *AuthenticationsInput) (*huma.StreamResponse, error) {
	by, filter := s.caller(ctx), in.filter()
	return s.stream(by, "authentications.csv", authenticationsHead, func(ctx context.Context, t *table) error {
		return s.Store.ExportAuthentications(ctx, by, filter, func(page []store.AuthenticationItem) error {
			return t.rows(each(page, authenticationCells))
		})
	}), nil
}
