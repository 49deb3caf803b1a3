package store_test

import (
	"maps"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/foyerhq/foyer/internal/visit"
)

// columns is what testdata/columns.txt says: column → class, "" for one that says
// nothing about anybody.
func columns(t *testing.T) map[string]string {
	t.Helper()
	text, err := os.ReadFile("testdata/columns.txt")
	require.NoError(t, err)
	said, reasons := map[string]string{}, map[string]bool{}
	for line := range strings.Lines(string(text)) {
		fields := strings.Fields(line)
		if strings.HasPrefix(line, "#   ") {
			reasons[fields[1]] = true
		}
		if len(fields) == 0 || fields[0] == "#" {
			continue
		}
		require.NotContains(t, said, fields[0], "twice")
		if fields[1] == "-" {
			require.Len(t, fields, 3, "%s: why does it hold nothing personal?", fields[0])
			require.True(t, reasons[fields[2]], "%s: %s is no reason", fields[0], fields[2])
			fields[1] = ""
		}
		said[fields[0]] = fields[1]
	}
	return said
}

func personal(t *testing.T) map[string]string {
	said := columns(t)
	maps.DeleteFunc(said, func(_, class string) bool { return class == "" })
	return said
}

// A column that is added without deciding whether it is personal fails here.
func TestEveryColumnIsClassified(t *testing.T) {
	t.Parallel()
	b := setup(t)
	undecided, gone := unclassified(t, b)
	require.Empty(t, undecided, "decide in testdata/columns.txt whether it is personal, and if so add it to docs/privacy.md")
	require.Empty(t, gone, "there is no such column any more")

	sql[string](t, b, "alter table visits add column canary text")
	undecided, _ = unclassified(t, b)
	require.Equal(t, []string{"visits.canary"}, undecided, "negative control")
}

// unclassified compares the schema with testdata/columns.txt: columns that nobody
// has decided about, and lines without a column.
func unclassified(t *testing.T, b bench) (undecided, gone []string) {
	t.Helper()
	said := columns(t)
	for _, column := range sql[string](t, b, `select table_name || '.' || column_name from information_schema.columns
		where table_schema = 'public' and table_name not like 'goose%' order by 1`) {
		if _, decided := said[column]; !decided {
			undecided = append(undecided, column)
		}
		delete(said, column)
	}
	return undecided, slices.Sorted(maps.Keys(said))
}

var cell = regexp.MustCompile("`([a-z_0-9A-Z]+)`")

// rows returns a table of docs/privacy.md: its lines' cells.
func rows(t *testing.T, heading string) [][]string {
	t.Helper()
	text, err := os.ReadFile("../../docs/privacy.md")
	require.NoError(t, err)
	_, section, ok := strings.Cut(string(text), "\n## "+heading+"\n")
	require.True(t, ok, heading)
	section, _, _ = strings.Cut(section, "\n## ")
	var list [][]string
	for line := range strings.Lines(section) {
		if strings.HasPrefix(line, "| `") {
			list = append(list, strings.Split(strings.Trim(strings.TrimSpace(line), "|"), " | "))
		}
	}
	require.NotEmpty(t, list)
	return list
}

func codes(text string) []string {
	var found []string
	for _, match := range cell.FindAllStringSubmatch(text, -1) {
		found = append(found, match[1])
	}
	return found
}

// The page for data-protection officers says what the schema does.
func TestThePrivacyPageFollowsTheSchema(t *testing.T) {
	t.Parallel()
	described := map[string]bool{}
	for _, row := range rows(t, "Classes") {
		require.Len(t, row, 5, row[0])
		described[codes(row[0])[0]] = true
	}
	placed := map[string]string{}
	for _, row := range rows(t, "Where it is") {
		require.Len(t, row, 3, row[0])
		class, table := codes(row[0])[0], codes(row[1])[0]
		require.True(t, described[class], "%s is not described", class)
		for _, column := range codes(row[2]) {
			placed[table+"."+column] = class
		}
	}
	require.Equal(t, personal(t), placed)
	for _, class := range visit.PurgedClasses() {
		name := string(class)
		if class == visit.ClassTerminations {
			name = string(visit.ClassSessions) // one class to people, two to the purge
		}
		require.True(t, described[name], name)
	}
	profiles := map[string]visit.Days{}
	for _, row := range rows(t, "Retention by site and country") {
		days := func(text string) int {
			n, err := strconv.Atoi(strings.Fields(text)[0])
			require.NoError(t, err)
			return n
		}
		profiles[codes(row[0])[0]] = visit.Days{Visits: 90, Sessions: days(row[1]), Refused: days(row[2]), Accounts: 90}
	}
	for _, name := range visit.RetentionProfiles() {
		require.Equal(t, visit.Retention{Profile: name}.Days(), profiles[name], name)
	}
	require.Len(t, profiles, len(visit.RetentionProfiles()))
}

// Samples in the planner's statistics would outlive the rows that they are from.
func TestNoStatisticsAreKeptOfPersonalColumns(t *testing.T) {
	t.Parallel()
	b := setup(t)
	exempt := map[string]bool{}
	for _, column := range sql[string](t, b, `select c.relname || '.' || a.attname from pg_attribute a join pg_class c on c.oid = a.attrelid
		where c.relkind = 'r' and a.attnum > 0 and a.attstattarget = 0`) {
		exempt[column] = true
	}
	for _, column := range sql[string](t, b, `select table_name || '.' || column_name from information_schema.columns
		where table_schema = 'public' and data_type in ('text', 'jsonb')`) {
		class, ok := personal(t)[column]
		if !ok || class == "staff" && column != "users.email" && column != "users.name" || deviceOfSite[column] || class == "credentials" {
			continue
		}
		require.True(t, exempt[column], "%s: alter table … alter … set statistics 0", column)
	}
}

// What is personal only beside the rest of the row: states, and which of a site's own
// devices somebody was connected to. A user name is random.
var deviceOfSite = map[string]bool{
	"visits.presence": true, "authentications.ssid": true, "authentications.ap": true, "devices.ssid": true, "sessions.nas_address": true, "sessions.nas_ip": true, "sessions.nas_identifier": true,
}
