package app

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"github.com/foyerhq/foyer/internal/durable"
	"github.com/foyerhq/foyer/internal/visit"
)

// TestOperationsPageNamesEverySetting compares the page with the command line:
// each setting has its row with flag, variable and default, and no row is of
// something else.
func TestOperationsPageNamesEverySetting(t *testing.T) {
	t.Parallel()
	parser, err := kong.New(&CLI{})
	require.NoError(t, err)
	want := map[string]bool{}
	gatherSettings(parser.Model.Node, want)
	require.NotEmpty(t, want)

	have := map[string]bool{}
	for _, row := range rowsOf(section(t, "Settings")) {
		require.GreaterOrEqual(t, len(row), 4, "flag, variable, default, meaning: %s", row)
		have[strings.Join(row[:3], " | ")] = true
		require.NotEmpty(t, row[3], "the meaning of %s", row[0])
	}
	require.Equal(t, slices.Sorted(maps.Keys(want)), slices.Sorted(maps.Keys(have)))
}

// gatherSettings adds the flags of a command and those below it, as rows show them.
func gatherSettings(node *kong.Node, rows map[string]bool) {
	for _, flag := range node.Flags {
		if flag.Name == "help" {
			continue
		}
		variable := "–"
		if len(flag.Envs) > 0 {
			variable = "`" + strings.Join(flag.Envs, "`, `") + "`"
			if flag.Tag.Has("secret") {
				variable += ", `" + flag.Envs[0] + "_FILE`"
			}
		}
		value := "–"
		switch {
		case flag.Required:
			value = "required"
		case flag.HasDefault:
			value = "`" + flag.Default + "`"
		}
		rows[fmt.Sprintf("`--%s` | %s | %s", flag.Name, variable, value)] = true
	}
	for _, child := range node.Children {
		gatherSettings(child, rows)
	}
}

// TestOperationsPageNamesEveryMetric compares the page with the names in the
// source and with the ones that package durable makes from a table.
func TestOperationsPageNamesEveryMetric(t *testing.T) {
	t.Parallel()
	want := metricsInSource(t)
	durable.NewMetrics(describing{want})

	have := map[string]bool{}
	for _, row := range rowsOf(section(t, "Metrics")) {
		have[strings.Trim(row[0], "`")] = true
	}
	require.Equal(t, slices.Sorted(maps.Keys(want)), slices.Sorted(maps.Keys(have)))
	for _, advice := range []string{"What to watch", "Troubleshooting"} {
		for _, name := range metricWord.FindAllString(section(t, advice), -1) {
			require.True(t, want[name], "%s: there is no metric %s", advice, name)
		}
	}
}

var metricWord = regexp.MustCompile(`foyer_[a-z0-9_]+`)

var metricName = regexp.MustCompile(`"(foyer_[a-z0-9_]*[a-z0-9])"`)

// metricsInSource finds the names in files that speak to Prometheus.
func metricsInSource(t *testing.T) map[string]bool {
	t.Helper()
	names := map[string]bool{}
	err := filepath.WalkDir("../..", func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir():
			if name := entry.Name(); name == "tools" || name == "var" || name == ".git" {
				return filepath.SkipDir
			}
			return nil
		case filepath.Ext(path) != ".go" || strings.HasSuffix(path, "_test.go"):
			return nil
		}
		source, err := os.ReadFile(path)
		if err != nil || !strings.Contains(string(source), `"github.com/prometheus/client_golang/prometheus"`) {
			return err
		}
		for _, match := range metricName.FindAllStringSubmatch(string(source), -1) {
			names[match[1]] = true
		}
		return nil
	})
	require.NoError(t, err)
	require.NotEmpty(t, names)
	return names
}

// describing is a registerer that notes the names of what is registered.
type describing struct{ names map[string]bool }

var describedName = regexp.MustCompile(`fqName: "([^"]+)"`)

func (d describing) Register(c prometheus.Collector) error {
	descriptions := make(chan *prometheus.Desc, 16)
	c.Describe(descriptions)
	close(descriptions)
	for description := range descriptions {
		if match := describedName.FindStringSubmatch(description.String()); match != nil {
			d.names[match[1]] = true
		}
	}
	return nil
}

func (d describing) MustRegister(all ...prometheus.Collector) {
	for _, c := range all {
		_ = d.Register(c) // never fails
	}
}

func (describing) Unregister(prometheus.Collector) bool { return false }

// TestPagesNameNoUnknownVariable: a variable that is mentioned anywhere is one of
// the command line's or of docker-compose.yml.
func TestPagesNameNoUnknownVariable(t *testing.T) {
	t.Parallel()
	parser, err := kong.New(&CLI{})
	require.NoError(t, err)
	settings := map[string]bool{}
	gatherSettings(parser.Model.Node, settings)
	known := strings.Join(slices.Collect(maps.Keys(settings)), "\n") + page(t, "docker-compose.yml")
	pages, err := filepath.Glob("../../docs/*.md")
	require.NoError(t, err)
	for _, path := range append(pages, "../../README.md", "../../SECURITY.md") {
		text, err := os.ReadFile(path)
		require.NoError(t, err)
		for _, variable := range variableWord.FindAllString(string(text), -1) {
			require.True(t, strings.Contains(known, variable), "%s: there is no variable %s", path, variable)
		}
	}
}

var variableWord = regexp.MustCompile(`FOYER_[A-Z_]*[A-Z]`)

// TestOperationsPageExplainsEveryReason: staff who meet a reason find what to do.
func TestOperationsPageExplainsEveryReason(t *testing.T) {
	t.Parallel()
	for _, of := range []struct{ section, file, constant string }{
		{"Refused logins", "../wire/report.go", `\sRefused\w+\s+RefusedReason = "([a-z_]+)"`},
		{"Terminations that are not done", "../visit/termination.go", `\sReason\w+\s+TerminationReason = "([a-z_]+)"`},
	} {
		source, err := os.ReadFile(of.file)
		require.NoError(t, err)
		reasons := regexp.MustCompile(of.constant).FindAllStringSubmatch(string(source), -1)
		require.NotEmpty(t, reasons)
		explained := map[string]bool{}
		for _, row := range rowsOf(section(t, of.section)) {
			explained[strings.Trim(row[0], "`")] = true
		}
		for _, reason := range reasons {
			require.True(t, explained[reason[1]], "%s: %s", of.section, reason[1])
		}
		require.Len(t, explained, len(reasons), "%s: rows of something else", of.section)
	}
}

// What may arrive, and which mail there is, is listed where receivers and operators
// look, and nothing that is not.
func TestPagesListWhatGoesOut(t *testing.T) {
	t.Parallel()
	types := []string{string(visit.EventWebhookTest)}
	for _, kind := range visit.Outward() {
		types = append(types, string(kind))
	}
	require.ElementsMatch(t, types, names(part(t, "docs/webhooks.md", "Types")))

	source, err := os.ReadFile("../visit/mail.go")
	require.NoError(t, err)
	var kinds []string
	for _, kind := range regexp.MustCompile(`\sMail\w+\s+MailKind = "([a-z_]+)"`).FindAllStringSubmatch(string(source), -1) {
		kinds = append(kinds, kind[1])
	}
	require.NotEmpty(t, kinds)
	require.ElementsMatch(t, kinds, names(part(t, "docs/mail.md", "What goes to whom")))
}

// A call that a page names is in the description of the HTTP interface.
func TestPagesNameCallsThatExist(t *testing.T) {
	t.Parallel()
	var described struct{ Paths map[string]map[string]any }
	require.NoError(t, json.Unmarshal([]byte(page(t, "docs/openapi.json")), &described))
	parameter := regexp.MustCompile(`\{[^}]*\}`)
	exists := map[string]bool{}
	for path, methods := range described.Paths {
		for method := range methods {
			exists[strings.ToUpper(method)+" "+parameter.ReplaceAllString(path, "{}")] = true
		}
	}
	call := regexp.MustCompile("`((?:GET|POST|PUT|PATCH|DELETE) /(?:api|healthz|readyz|version)[^`\\s?]*)")
	found := 0
	for _, name := range []string{"README.md", "CHANGELOG.md", "docs/crm.md", "docs/mail.md", "docs/operations.md", "docs/privacy.md", "docs/webhooks.md"} {
		for _, named := range call.FindAllStringSubmatch(page(t, name), -1) {
			require.True(t, exists[parameter.ReplaceAllString(named[1], "{}")], "%s names %s", name, named[1])
			found++
		}
	}
	require.NotZero(t, found)
}

// names are what a table's first cells name.
func names(text string) (list []string) {
	for _, row := range rowsOf(text) {
		for name := range strings.SplitSeq(row[0], ", ") {
			list = append(list, strings.Trim(name, "`"))
		}
	}
	return list
}

// Whoever reads a reason of what went out, or did not, finds it explained.
func TestPagesExplainReasonsOfWhatGoesOut(t *testing.T) {
	t.Parallel()
	for _, of := range []struct{ page, files, constant string }{
		{"docs/operations.md", "../webhook/failure.go", `\sCode\w+\s+= "([a-z_]+)"`},
		{"docs/operations.md", "../../worker/webhooks.go", `\s(?:skipped|refused|held)\w+\s+= "([a-z_]+)"`},
		{"docs/mail.md", "../../worker/mail.go", `\s(?:skipped|sent)\w+\s+= "([a-z_]+)"`},
		{"docs/mail.md", "../mail/*.go", `"(mail_[a-z]+)"`},
		{"docs/mail.md", "../sms/sender.go", `"(sms_[a-z_]+)"`},
		{"docs/mail.md", "../store/sms.go", `"(sms_[a-z_]+)"`},
		{"docs/crm.md", "../crm/*.go", `"(crm_[a-z_]+)"`},
		{"docs/crm.md", "../../activities/crm.go", `CRMExhausted = "([a-z_]+)"`},
	} {
		files, err := filepath.Glob(of.files)
		require.NoError(t, err)
		found := 0
		for _, file := range files {
			source, err := os.ReadFile(file)
			require.NoError(t, err)
			for _, reason := range regexp.MustCompile(of.constant).FindAllStringSubmatch(string(source), -1) {
				require.Contains(t, page(t, of.page), "`"+reason[1]+"`", "%s is of %s", reason[1], file)
				found++
			}
		}
		require.NotZero(t, found, of.files)
	}
}

func section(t *testing.T, title string) string {
	t.Helper()
	return part(t, "docs/operations.md", title)
}

// part returns the text under a heading of a page, to the next one of its level.
func part(t *testing.T, name, title string) string {
	t.Helper()
	text := page(t, name)
	heading := regexp.MustCompile(`(?m)^(#+) ` + regexp.QuoteMeta(title) + `$`).FindStringSubmatchIndex(text)
	require.NotNil(t, heading, "%s has no section %q", name, title)
	level, rest := heading[3]-heading[2], text[heading[1]:]
	if end := regexp.MustCompile(fmt.Sprintf(`(?m)^#{1,%d} `, level)).FindStringIndex(rest); end != nil {
		rest = rest[:end[0]]
	}
	return rest
}

// page returns a file of the repository, by its path from the root.
func page(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("../..", path))
	require.NoError(t, err)
	return string(text)
}

var tableRow = regexp.MustCompile("(?m)^\\| (`.*) \\|$")

// rowsOf returns the cells of all table rows that begin with code.
func rowsOf(text string) (rows [][]string) {
	for _, line := range tableRow.FindAllStringSubmatch(text, -1) {
		rows = append(rows, strings.Split(line[1], " | "))
	}
	return rows
}
