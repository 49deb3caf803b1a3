package app

import (
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"text/tabwriter"
	"time"

	"github.com/foyerhq/foyer/api"
	"github.com/foyerhq/foyer/internal/auth"
	"github.com/foyerhq/foyer/internal/seal"
	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/visit"
)

// commandWithin bounds a command that asks the database something.
const commandWithin = 2 * time.Minute

// withStore runs f on the database and closes it.
func withStore(ctx context.Context, p *Program, db Database, f func(context.Context, *store.Store) error) error {
	return withStoreFor(ctx, p, db, commandWithin, f)
}

func withStoreFor(ctx context.Context, p *Program, db Database, limit time.Duration, f func(context.Context, *store.Store) error) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	ring, err := newKeyring(db)
	if err != nil {
		return err
	}
	s, err := store.Open(ctx, store.Config{URL: db.URL, Keyring: ring, Logger: p.Logger, MaxConns: 2})
	if err != nil {
		return err
	}
	defer s.Close()
	return f(ctx, s)
}

// operator is who runs a command at the server's shell.
var operator = store.Caller{Actor: auth.Operator("shell").Actor(), Scope: store.Everything}

// TokenCommands manage API tokens.
type TokenCommands struct {
	Create TokenCreate `cmd:"" help:"Make a token and print it."`
	List   TokenList   `cmd:"" help:"List tokens."`
	Revoke TokenRevoke `cmd:"" help:"Revoke a token."`
}

// TokenCreate makes a token.
type TokenCreate struct {
	Database
	Name        string         `arg:"" help:"What it is for."`
	Role        string         `help:"Give a role's permissions." default:"administrator"`
	Permissions []string       `help:"Give these permissions instead."`
	Sites       []visit.SiteID `help:"Sites it is good for; all when absent."`
	For         time.Duration  `help:"How long it is good; 0 until revoked."`
}

// Run prints the token alone, for scripts.
func (c *TokenCreate) Run(ctx context.Context, p *Program) error {
	permissions := auth.Role(c.Role).Permissions()
	if len(c.Permissions) > 0 {
		var err error
		if permissions, err = auth.ParsePermissions(c.Permissions); err != nil {
			return err
		}
	}
	if len(permissions) == 0 {
		return fmt.Errorf("there is no role %q", c.Role)
	}
	secret, err := auth.NewToken(rand.Reader, auth.APIToken)
	if err != nil {
		return err
	}
	token := store.NewToken{
		Name: c.Name, Permissions: permissions.Names(), SecretHash: secret.Hash(),
		Scope: store.Scope{All: len(c.Sites) == 0, Sites: c.Sites},
	}
	if c.For > 0 {
		token.ExpiresAt = new(time.Now().Add(c.For))
	}
	return withStore(ctx, p, c.Database, func(ctx context.Context, s *store.Store) error {
		if _, err := s.CreateToken(ctx, operator, token); err != nil {
			return err
		}
		_, err := fmt.Fprintln(p.Out, secret.Reveal())
		return err
	})
}

// TokenList lists tokens.
type TokenList struct{ Database }

// Run prints a table.
func (c *TokenList) Run(ctx context.Context, p *Program) error {
	return withStore(ctx, p, c.Database, func(ctx context.Context, s *store.Store) error {
		tokens, err := s.Tokens(ctx)
		if err != nil {
			return err
		}
		w := tabwriter.NewWriter(p.Out, 0, 0, 2, ' ', 0)
		_, _ = fmt.Fprintln(w, "ID\tNAME\tCREATED\tLAST USED\tSTATE")
		for _, t := range tokens {
			_, _ = fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", t.ID, t.Name, when(&t.CreatedAt), when(t.LastUsedAt), tokenState(t))
		}
		return w.Flush()
	})
}

func when(t *time.Time) string {
	if t == nil {
		return "never"
	}
	return t.UTC().Format(time.RFC3339)
}

func tokenState(t store.Token) string {
	switch {
	case t.RevokedAt != nil:
		return "revoked " + when(t.RevokedAt)
	case t.ExpiresAt != nil && t.ExpiresAt.Before(time.Now()):
		return "expired " + when(t.ExpiresAt)
	case t.ExpiresAt != nil:
		return "until " + when(t.ExpiresAt)
	}
	return "good"
}

// TokenRevoke revokes a token.
type TokenRevoke struct {
	Database
	ID string `arg:"" help:"The token's id, from the list."`
}

// Run revokes it; requests with it are refused from then on.
func (c *TokenRevoke) Run(ctx context.Context, p *Program) error {
	return withStore(ctx, p, c.Database, func(ctx context.Context, s *store.Store) error {
		return s.RevokeToken(ctx, operator, c.ID)
	})
}

// AdminCommands manage administrators.
type AdminCommands struct {
	Create AdminCreate `cmd:"" help:"Make an administrator; the password is made up and printed unless it is given."`
}

// AdminCreate makes an administrator.
type AdminCreate struct {
	Database
	Email    string `arg:"" help:"Who signs in."`
	Name     string `help:"How they are shown."`
	Password string `help:"The password; made up and printed when absent." env:"FOYER_ADMIN_PASSWORD" secret:""`
}

// Run makes the administrator.
func (c *AdminCreate) Run(ctx context.Context, p *Program) error {
	made := c.Password == ""
	if !made {
		if err := auth.CheckChoice(c.Password, c.Email, c.Name); err != nil {
			return err
		}
	}
	if made {
		var err error
		if c.Password, err = newPassword(); err != nil {
			return err
		}
	}
	return withStore(ctx, p, c.Database, func(ctx context.Context, s *store.Store) error {
		if err := createAdmin(ctx, s, c.Email, c.Name, c.Password); err != nil {
			return err
		}
		if made {
			_, err := fmt.Fprintln(p.Out, c.Password)
			return err
		}
		return nil
	})
}

// newPassword makes up a password of over 98 bits, in letters that are read out
// without mistakes.
func newPassword() (string, error) {
	first, err := visit.NewPassword(rand.Reader)
	if err != nil {
		return "", err
	}
	second, err := visit.NewPassword(rand.Reader)
	return first + "-" + second[:8], err
}

func createAdmin(ctx context.Context, s *store.Store, email, name, password string) error {
	hash, err := auth.NewPasswords(1, auth.DefaultCost).Hash(ctx, password)
	if err != nil {
		return err
	}
	_, err = s.CreateUser(ctx, operator, store.NewUser{
		Email: email, Name: name, PasswordHash: hash, Role: string(auth.Administrator), Scope: store.Everything,
	})
	return err
}

// KeyCommands make keys.
type KeyCommands struct {
	Generate KeyGenerate `cmd:"" help:"Print a new deployment key for FOYER_KEY."`
}

// KeyGenerate makes a deployment key.
type KeyGenerate struct{}

// Run prints the key.
func (*KeyGenerate) Run(p *Program) error {
	text, err := seal.Generate(rand.Reader)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(p.Out, text)
	return err
}

// OpenAPICommand prints the interface's description.
type OpenAPICommand struct{}

// Run prints what docs/openapi.json holds.
func (*OpenAPICommand) Run(p *Program) error {
	document, err := api.Document("1")
	if err != nil {
		return err
	}
	_, err = p.Out.Write(document)
	return err
}

// HealthCommand asks a health URL.
type HealthCommand struct {
	URL string `arg:"" help:"Such as http://127.0.0.1:8080/readyz."`
}

// Run fails unless the answer is 200.
func (c *HealthCommand) Run(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, c.URL, nil)
	if err != nil {
		return err
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer func() { _ = answer.Body.Close() }()
	_, _ = io.Copy(io.Discard, io.LimitReader(answer.Body, 64<<10))
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answered %s", c.URL, answer.Status)
	}
	return nil
}

// VersionCommand prints the version.
type VersionCommand struct{}

// Run prints it.
func (*VersionCommand) Run(p *Program) error {
	_, err := fmt.Fprintln(p.Out, p.Version)
	return err
}

// discard is a logger that says nothing.
var discard = slog.New(slog.DiscardHandler)

// writePrivate writes a file that only its owner may read, whole or not at all.
func writePrivate(path string, body []byte) error {
	temporary := path + ".new"
	if err := os.WriteFile(temporary, body, 0o600); err != nil {
		return err
	}
	return os.Rename(temporary, path)
}
