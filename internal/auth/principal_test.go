package auth_test

import (
	"bytes"
	"go/ast"
	"go/parser"
	"go/token"
	"log/slog"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/foyerhq/foyer/internal/auth"
	"github.com/foyerhq/foyer/internal/visit"
)

func TestActors(t *testing.T) {
	t.Parallel()
	require.Equal(t, "operator:temporal", auth.Operator("temporal").Actor())
	require.Equal(t, "system:sweeper", auth.System("sweeper").Actor())
	require.Equal(t, "user:7", auth.Principal{Kind: auth.KindUser, ID: "7"}.Actor())
}

func TestNobodyMayAnything(t *testing.T) {
	t.Parallel()
	var nobody auth.Principal
	for permission := range auth.EveryPermission() {
		require.False(t, nobody.Can(permission))
	}
	require.False(t, nobody.MaySite(""))
	require.False(t, nobody.MaySite("s1"))
}

func TestSites(t *testing.T) {
	t.Parallel()
	one, both := auth.TheseSites("s1"), auth.TheseSites("s1", "s2")
	require.True(t, both.Has("s2"))
	require.False(t, one.Has("s2"))
	require.True(t, auth.AllSites().Has("any"))
	require.True(t, one.Within(both))
	require.False(t, both.Within(one))
	require.True(t, both.Within(auth.AllSites()))
	require.False(t, auth.AllSites().Within(both), "all includes sites to come")
	require.True(t, auth.Sites{}.Within(one))
	require.False(t, auth.Sites{IDs: []visit.SiteID{""}}.Within(one))
}

func TestNobodyGrantsMoreThanTheyHave(t *testing.T) {
	t.Parallel()
	desk := auth.Principal{Sites: auth.TheseSites("s1"), Permissions: auth.Reception.Permissions()}
	require.True(t, desk.MayGrant(auth.TheseSites("s1"), auth.NewPermissions(auth.VisitsCheckIn)))
	require.False(t, desk.MayGrant(auth.TheseSites("s2"), auth.NewPermissions(auth.VisitsCheckIn)))
	require.False(t, desk.MayGrant(auth.TheseSites("s1"), auth.NewPermissions(auth.UsersWrite)))
	require.False(t, desk.MayGrant(auth.AllSites(), nil))
	admin := auth.Principal{Sites: auth.AllSites(), Permissions: auth.Administrator.Permissions()}
	require.True(t, admin.MayGrant(auth.AllSites(), auth.Administrator.Permissions()))
	require.False(t, admin.MayGrant(auth.AllSites(), auth.Kiosk.Permissions()), "a screen is paired, nobody speaks for it")
	admin.Host = "ada@example.org"
	require.False(t, admin.MayGrant(auth.AllSites(), nil), "a token would see more visits than its maker")
}

func TestRoles(t *testing.T) {
	t.Parallel()
	lacks := auth.EveryPermission()
	for permission := range auth.Administrator.Permissions() {
		delete(lacks, permission)
	}
	require.Equal(t, auth.NewPermissions(auth.KioskUse, auth.VisitsWalkIn), lacks, "what a screen does is all that an administrator does not")
	require.Equal(t, auth.NewPermissions(auth.KioskUse), auth.Kiosk.Permissions())
	for _, role := range auth.Roles() {
		require.True(t, role.Known())
		require.NotEmpty(t, role.Permissions(), role)
		require.NotEmpty(t, role.Description(), role)
		require.Equal(t, role != auth.Kiosk, role.Staff())
	}
	require.Len(t, auth.Roles(), 7)
	require.False(t, auth.Role("root").Known())
	require.Empty(t, auth.Role("root").Permissions())

	for _, right := range []auth.Permission{auth.UsersWrite, auth.TokensWrite, auth.AuditRead, auth.SitesWrite} {
		require.False(t, auth.Reception.Permissions().Has(right), right)
	}
	for _, role := range auth.Roles() {
		require.Equal(t, role == auth.Kiosk, role.Permissions().Has(auth.KioskUse), role)
	}
	require.False(t, auth.Auditor.Permissions().Has(auth.VisitsRead), "the trail holds no personal data, visits do")
}

// A caller that changes a set it was given changes no role.
func TestRolesAreNotShared(t *testing.T) {
	t.Parallel()
	mine := auth.Host.Permissions()
	mine[auth.UsersWrite] = struct{}{}
	require.False(t, auth.Host.Permissions().Has(auth.UsersWrite))
}

func TestPermissionNames(t *testing.T) {
	t.Parallel()
	set, err := auth.ParsePermissions([]string{"visits.read", "audit.read"})
	require.NoError(t, err)
	require.Equal(t, []string{"audit.read", "visits.read"}, set.Names())
	_, err = auth.ParsePermissions([]string{"visits.raed"})
	require.Error(t, err)
	require.Equal(t, []string{"visits.read"}, auth.StoredPermissions([]string{"visits.read", "visits.bygone"}).Names())
}

// Every declared permission is in the set of all: an administrator lacks nothing.
func TestEveryPermissionIsListed(t *testing.T) {
	t.Parallel()
	file, err := parser.ParseFile(token.NewFileSet(), "permission.go", nil, 0)
	require.NoError(t, err)
	declared := map[string]bool{}
	ast.Inspect(file, func(node ast.Node) bool {
		spec, ok := node.(*ast.ValueSpec)
		if name, isName := specType(spec, ok); isName && name == "Permission" {
			literal, _ := spec.Values[0].(*ast.BasicLit)
			value, err := strconv.Unquote(literal.Value)
			require.NoError(t, err)
			declared[value] = true
		}
		return true
	})
	require.Greater(t, len(declared), 30)
	require.Len(t, auth.EveryPermission(), len(declared))
	for name := range declared {
		require.True(t, auth.EveryPermission().Has(auth.Permission(name)), name)
	}
}

func specType(spec *ast.ValueSpec, ok bool) (string, bool) {
	if !ok {
		return "", false
	}
	name, ok := spec.Type.(*ast.Ident)
	if !ok {
		return "", false
	}
	return name.Name, true
}

func TestPrincipalLogsItsActorOnly(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	slog.New(slog.NewJSONHandler(&out, nil)).Info("m", "by", auth.Principal{Kind: auth.KindUser, ID: "7", Name: "Canary Name"})
	require.Contains(t, out.String(), `"by":"user:7"`)
	require.NotContains(t, out.String(), "Canary")
}
