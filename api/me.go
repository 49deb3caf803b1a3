package api

import (
	"context"
	"crypto/rand"
	"net/http"
	"strings"

	"github.com/foyerhq/foyer/internal/auth"
	"github.com/foyerhq/foyer/internal/catalogue"
	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/visit"
)

// own is what users change of themselves.
type own interface {
	ChangeUser(ctx context.Context, by store.Caller, id string, change store.UserChange, may func(was, becomes store.User) error) (store.User, error)
	SetPassword(ctx context.Context, by store.Caller, user, was, hash string) error
	BeginSecondFactor(ctx context.Context, user string, secret []byte) error
	ConfirmSecondFactor(ctx context.Context, user string, step int64, recovery [][]byte) error
	RemoveSecondFactor(ctx context.Context, by store.Caller, user string, may func(store.User) error) error
}

// Me is who is signed in and what they may do.
type Me struct {
	Kind         auth.Kind      `json:"kind"`
	ID           string         `json:"id"`
	Name         string         `json:"name,omitempty"`
	Email        string         `json:"email,omitempty" doc:"Of users."`
	Role         auth.Role      `json:"role,omitempty" doc:"Of users and kiosks."`
	Language     string         `json:"language,omitempty"`
	Permissions  []string       `json:"permissions"`
	AllSites     bool           `json:"all_sites"`
	Sites        []visit.SiteID `json:"sites,omitempty"`
	OwnVisits    bool           `json:"own_visits,omitempty" doc:"Sees visits to themselves only."`
	HasPassword  bool           `json:"has_password,omitempty" doc:"Can sign in here, and change the password."`
	SecondFactor bool           `json:"second_factor,omitempty"`
	SignOn       bool           `json:"sign_on,omitempty" doc:"Linked to somebody at the organisation's own provider."`
}

func meOf(p auth.Principal) Me {
	me := Me{
		Kind: p.Kind, ID: p.ID, Name: p.Name, Permissions: p.Permissions.Names(), AllSites: p.Sites.All, Sites: p.Sites.IDs, OwnVisits: p.Host != "",
	}
	if p.Kind == auth.KindKiosk {
		me.Role = auth.Kiosk
	}
	return me
}

func meOfUser(u store.User) Me {
	me := meOf(principalOfUser(u))
	me.Email, me.Role, me.Language = u.Email, auth.Role(u.Role), u.Language
	me.HasPassword, me.SecondFactor, me.SignOn = u.PasswordHash != "", u.SecondFactor, u.SignOn
	return me
}

type meAnswer struct {
	Body Me
}

func (s *Server) me(ctx context.Context, _ *struct{}) (*meAnswer, error) {
	p := auth.PrincipalOf(ctx)
	if p.Kind != auth.KindUser {
		return &meAnswer{meOf(p)}, nil
	}
	user, err := s.Store.User(ctx, p.ID)
	return &meAnswer{meOfUser(user)}, err
}

var (
	errNotUser    = visit.Errorf(visit.KindForbidden, "not_a_user", "This is for people who are signed in.")
	errNoPassword = visit.Errorf(visit.KindConflict, "no_password", "You sign in elsewhere and have no password here.")
	errWrongOwn   = visit.Errorf(visit.KindForbidden, "password_wrong", "This is not your password.")
)

// myself returns the user who makes the request.
func (s *Server) myself(ctx context.Context) (store.User, error) {
	p := auth.PrincipalOf(ctx)
	if p.Kind != auth.KindUser {
		return store.User{}, errNotUser
	}
	return s.Store.User(ctx, p.ID)
}

// proven is myself after the password has been asked for again: a browser that was
// left open must not be enough to take an account over. Wrong ones count into the
// lockout.
func (s *Server) proven(ctx context.Context, password string) (store.User, error) {
	user, err := s.myself(ctx)
	if err != nil {
		return user, err
	}
	if user.PasswordHash == "" {
		return user, errNoPassword
	}
	if err := s.knowsPassword(ctx, user, password); err != nil {
		if visit.KindOf(err) == visit.KindUnauthenticated {
			err = errWrongOwn // they are signed in
		}
		return user, err
	}
	return user, s.Store.ForgiveLogin(ctx, user.ID)
}

type changeMeInput struct {
	Body struct {
		Name     *string `json:"name,omitempty" maxLength:"200"`
		Language *string `json:"language,omitempty" maxLength:"20" doc:"Empty: the browser's."`
	}
}

func (s *Server) changeMe(ctx context.Context, in *changeMeInput) (*meAnswer, error) {
	user, err := s.myself(ctx)
	if err != nil {
		return nil, err
	}
	change := store.UserChange{Name: trimmed(in.Body.Name), Language: in.Body.Language}
	if err := checkLanguage(change.Language); err != nil {
		return nil, err
	}
	user, err = s.Store.ChangeUser(ctx, s.caller(ctx), user.ID, change, func(_, _ store.User) error { return nil })
	return &meAnswer{meOfUser(user)}, err
}

func trimmed(text *string) *string {
	if text == nil {
		return nil
	}
	return new(strings.TrimSpace(*text))
}

func checkLanguage(language *string) error {
	if language != nil && *language != "" && !catalogue.Known(*language) {
		return visit.Invalid("language", "There is no such language here.")
	}
	return nil
}

type passwordInput struct {
	Body struct {
		Old string `json:"old" minLength:"1" maxLength:"512" writeOnly:"true"`
		New string `json:"new" minLength:"1" maxLength:"512" writeOnly:"true" doc:"At least 12 characters, and nothing that is guessed first."`
	}
}

type passwordAnswer struct {
	SetCookie http.Cookie `header:"Set-Cookie"`
}

// changePassword ends every login of the user and begins a new one here.
func (s *Server) changePassword(ctx context.Context, in *passwordInput) (*passwordAnswer, error) {
	user, err := s.proven(ctx, in.Body.Old)
	if err != nil {
		return nil, err
	}
	hash, err := s.chosen(ctx, "new", in.Body.New, user)
	if err != nil {
		return nil, err
	}
	if err := s.Store.SetPassword(ctx, s.caller(ctx), user.ID, user.PasswordHash, hash); err != nil {
		return nil, err
	}
	cookie, err := s.beginLogin(ctx, user, store.SignIn{PasswordHash: hash, Continues: true})
	return &passwordAnswer{cookie}, err
}

// chosen hashes a password that somebody chose, or refuses it, naming the field.
func (s *Server) chosen(ctx context.Context, field, password string, user store.User) (string, error) {
	if err := auth.CheckChoice(password, user.Email, user.Name); err != nil {
		return "", inField(field, err)
	}
	return s.Passwords.Hash(ctx, password)
}

// inField names another field in an error about one.
func inField(field string, err error) error {
	if e, ok := err.(*visit.Error); ok { //nolint:errorlint // made just now
		named := *e
		named.Field = field
		return &named
	}
	return err
}

type provenInput struct {
	Body struct {
		Password string `json:"password" minLength:"1" maxLength:"512" writeOnly:"true" doc:"Asked for again."`
	}
}

type totpAnswer struct {
	Body struct {
		Secret string `json:"secret" doc:"Shown here only, for typing into an app."`
		URI    string `json:"uri" doc:"The same, for scanning." example:"otpauth://totp/Foyer:ada@example.org?secret=…&issuer=Foyer"`
	}
}

// beginTOTP makes a second factor, which is on once a code has confirmed it.
func (s *Server) beginTOTP(ctx context.Context, in *provenInput) (*totpAnswer, error) {
	user, err := s.proven(ctx, in.Body.Password)
	if err != nil {
		return nil, err
	}
	secret, err := auth.NewTOTP(rand.Reader)
	if err != nil {
		return nil, err
	}
	if err := s.Store.BeginSecondFactor(ctx, user.ID, secret); err != nil {
		return nil, err
	}
	a := &totpAnswer{}
	a.Body.Secret, a.Body.URI = auth.TOTPText(secret), auth.TOTPURI(secret, "Foyer", user.Email)
	return a, nil
}

type codeInput struct {
	Body struct {
		Code string `json:"code" minLength:"6" maxLength:"20" writeOnly:"true"`
	}
}

type recoveryAnswer struct {
	Body struct {
		RecoveryCodes []string `json:"recovery_codes" doc:"Shown here only. Each works once, instead of a code."`
	}
}

var errTOTPWrong = visit.Invalid("code", "This is not the code that the app shows now. Is its clock right?")

func (s *Server) confirmTOTP(ctx context.Context, in *codeInput) (*recoveryAnswer, error) {
	user, err := s.myself(ctx)
	if err != nil {
		return nil, err
	}
	if user.SecondFactor {
		return nil, store.ErrSecondFactor
	}
	secret, used, err := s.Store.SecondFactor(ctx, user.ID)
	if err != nil {
		return nil, err
	}
	step, ok := auth.TOTPStep(secret, strings.ReplaceAll(in.Body.Code, " ", ""), s.Now(), used)
	if !ok {
		return nil, errTOTPWrong
	}
	codes, err := auth.NewRecoveryCodes(rand.Reader)
	if err != nil {
		return nil, err
	}
	hashes := make([][]byte, len(codes))
	for i, code := range codes {
		plain, _ := auth.ParseRecoveryCode(code) // made just now
		hashes[i] = s.recoveryHashes(user.ID, plain)[0]
	}
	if err := s.Store.ConfirmSecondFactor(ctx, user.ID, step, hashes); err != nil {
		return nil, err
	}
	a := &recoveryAnswer{}
	a.Body.RecoveryCodes = codes
	return a, nil
}

// removeTOTP switches the second factor off, ends every login of the user and begins
// a new one here.
func (s *Server) removeTOTP(ctx context.Context, in *provenInput) (*passwordAnswer, error) {
	user, err := s.proven(ctx, in.Body.Password)
	if err != nil {
		return nil, err
	}
	if err := s.Store.RemoveSecondFactor(ctx, s.caller(ctx), user.ID, func(store.User) error { return nil }); err != nil {
		return nil, err
	}
	cookie, err := s.beginLogin(ctx, user, store.SignIn{PasswordHash: user.PasswordHash, Continues: true})
	return &passwordAnswer{cookie}, err
}
