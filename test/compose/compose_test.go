package compose

import (
	"bytes"
	"encoding/json"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/require"
)

const file = "../../docker-compose.yml"

// given are values for all variables the file requires.
func given() map[string]string {
	return map[string]string{
		"FOYER_SECRETS":         "/etc/foyer/secrets",
		"FOYER_PUBLIC_URL":      "https://foyer.example.org",
		"FOYER_AGENT_HOSTS":     "foyer.example.org",
		"FOYER_AGENT_URL":       "https://foyer.example.org:8443",
		"FOYER_TRUSTED_PROXIES": "172.16.0.0/12",
	}
}

func load(t *testing.T) Project {
	t.Helper()
	project, err := Load(file, given())
	require.NoError(t, err)
	return project
}

func TestFileFollowsTheComposeSpecification(t *testing.T) {
	t.Parallel()
	schema := specification(t)
	project := load(t)
	require.NoError(t, schema.Validate(asJSON(t, project.Raw)))

	// The control: the schema refuses what the specification does not know.
	broken := asJSON(t, project.Raw)
	broken.(map[string]any)["services"].(map[string]any)["api"].(map[string]any)["replicas"] = 2
	require.ErrorContains(t, schema.Validate(broken), "replicas")
}

// specification is the JSON schema that the specification's own library
// carries; tools/compose-spec pins its version.
func specification(t *testing.T) *jsonschema.Schema {
	t.Helper()
	command := exec.CommandContext(t.Context(), "go", "mod", "download", "-json", "github.com/compose-spec/compose-go/v2")
	command.Dir = "../../tools/compose-spec"
	var stderr bytes.Buffer
	command.Stderr = &stderr
	output, err := command.Output()
	require.NoError(t, err, stderr.String())
	var module struct{ Dir string }
	require.NoError(t, json.Unmarshal(output, &module))
	schema, err := jsonschema.NewCompiler().Compile(filepath.Join(module.Dir, "schema", "compose-spec.json"))
	require.NoError(t, err)
	return schema
}

func asJSON(t *testing.T, document map[string]any) any {
	t.Helper()
	text, err := json.Marshal(document)
	require.NoError(t, err)
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	require.NoError(t, err)
	return value
}

func TestNothingStartsWithoutEachRequiredVariable(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Equal(t, slices.Sorted(maps.Keys(given())), Required(uncommented(string(text))))
	for name := range given() {
		env := given()
		delete(env, name)
		_, err := Load(file, env)
		require.ErrorContains(t, err, "required variable "+name)
	}
}

func uncommented(text string) string {
	return regexp.MustCompile(`(?m)^\s*#.*$`).ReplaceAllString(text, "")
}

// No secret has a value in the file: it comes from a secret's file or not at all.
func TestSecretsComeFromFilesAlone(t *testing.T) {
	t.Parallel()
	project := load(t)
	secretive := regexp.MustCompile(`PASSWORD|PWD|_KEY|TOKEN|SECRET|DATABASE_URL`)
	used := map[string]bool{}
	for name, service := range project.Services {
		for variable, value := range service.Environment {
			if !secretive.MatchString(variable) {
				continue
			}
			require.Regexp(t, `_FILE$`, variable, "service %s", name)
			secret, ok := strings.CutPrefix(value, "/run/secrets/")
			require.True(t, ok, "%s of service %s", variable, name)
			require.Contains(t, service.Secrets, secret, "service %s", name)
		}
		for _, secret := range service.Secrets {
			require.Contains(t, project.Secrets, secret)
			used[secret] = true
		}
	}
	for name, secret := range project.Secrets {
		require.True(t, used[name], "secret %s is for nobody", name)
		require.Equal(t, "/etc/foyer/secrets/"+name, secret.File)
	}
}

func TestMakeSecretsMakesEachSecretOnce(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "secrets")
	makeSecrets(t, dir)
	before := map[string]string{}
	for name := range load(t).Secrets {
		text, err := os.ReadFile(filepath.Join(dir, name))
		require.NoError(t, err)
		before[name] = string(text)
	}
	require.Contains(t, before["foyer_database_url"], strings.TrimSpace(before["foyer_database_password"]))

	makeSecrets(t, dir)
	for name, text := range before {
		again, err := os.ReadFile(filepath.Join(dir, name))
		require.NoError(t, err)
		require.Equal(t, text, string(again), "a second run keeps %s", name)
	}
	info, err := os.Stat(dir)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o700), info.Mode().Perm())
}

func makeSecrets(t *testing.T, dir string) {
	t.Helper()
	output, err := exec.CommandContext(t.Context(), "../../scripts/make-secrets", dir).CombinedOutput()
	require.NoError(t, err, string(output))
}

func TestOnlyTheAPIAndRADIUSAreReachable(t *testing.T) {
	t.Parallel()
	for name, service := range load(t).Services {
		switch name {
		case "api":
			require.Equal(t, []Port{
				{HostIP: "127.0.0.1", Published: "8080-8081", Target: "8080"}, // for the TLS proxy
				{Published: "8443-8444", Target: "8443"},
			}, service.Ports)
		case "agent":
			require.Equal(t, "host", service.NetworkMode)
			require.Equal(t, "127.0.0.1:9190", service.Environment["FOYER_METRICS_LISTEN"])
		default:
			require.Empty(t, service.Ports, name)
			require.Empty(t, service.NetworkMode, name)
		}
	}
}

func TestContainersCanDoLittle(t *testing.T) {
	t.Parallel()
	for name, service := range load(t).Services {
		require.Regexp(t, `:[\w.-]+$`, service.Image, "%s has a tag", name)
		require.NotContains(t, service.Image, ":latest", name)
		require.True(t, service.ReadOnly, "%s writes to its volumes alone", name)
		require.Equal(t, []string{"ALL"}, service.CapDrop, name)
		require.Contains(t, service.SecurityOpt, "no-new-privileges:true", name)
		if name != "postgres" {
			require.Empty(t, service.CapAdd, name)
		}
		if strings.HasPrefix(service.Image, "foyer:") {
			require.Equal(t, "65532:65532", service.User, name)
		}
	}
}

func TestServicesComeBackAndSayHowTheyAre(t *testing.T) {
	t.Parallel()
	project := load(t)
	for _, name := range []string{"postgres", "temporal", "api", "worker", "agent"} {
		service := project.Services[name]
		require.Equal(t, "unless-stopped", service.Restart, name)
		require.NotNil(t, service.Healthcheck, name)
	}
	require.Equal(t, 2, project.Services["api"].Replicas())
	require.Equal(t, 2, project.Services["worker"].Replicas())
}

func TestStartsInOrder(t *testing.T) {
	t.Parallel()
	project := load(t)
	order, err := project.Order()
	require.NoError(t, err)
	place := func(name string) int {
		require.Contains(t, order, name)
		return slices.Index(order, name)
	}
	for _, pair := range [][2]string{
		{"postgres", "temporal-schema"}, {"temporal-schema", "temporal"}, {"temporal", "migrate"},
		{"migrate", "api"}, {"migrate", "worker"},
	} {
		require.Less(t, place(pair[0]), place(pair[1]), "%s before %s", pair[0], pair[1])
	}
	for name, service := range project.Services {
		for other, dependency := range service.DependsOn {
			if dependency.Condition == "service_healthy" {
				require.NotNil(t, project.Services[other].Healthcheck, "%s waits for the health of %s", name, other)
			}
		}
	}
}

func TestOrderRefusesCirclesAndStrangers(t *testing.T) {
	t.Parallel()
	on := func(name string) Service {
		return Service{DependsOn: map[string]Dependency{name: {Condition: "service_started"}}}
	}
	_, err := Project{Services: map[string]Service{"a": on("b"), "b": on("a")}}.Order()
	require.ErrorContains(t, err, "depends on itself")
	_, err = Project{Services: map[string]Service{"a": on("b")}}.Order()
	require.ErrorContains(t, err, "no service b")
}

// What is declared is used and what is used is declared.
func TestNetworksVolumesAndConfigsFit(t *testing.T) {
	t.Parallel()
	project := load(t)
	networks, volumes, configs := map[string]bool{}, map[string]bool{}, map[string]bool{}
	for _, service := range project.Services {
		for _, network := range service.Networks {
			networks[network] = true
		}
		for _, volume := range service.Volumes {
			name, _, _ := strings.Cut(volume, ":")
			volumes[name] = true
		}
		for _, config := range service.Configs {
			configs[config.Source] = true
		}
	}
	require.Equal(t, slices.Sorted(maps.Keys(project.Networks)), slices.Sorted(maps.Keys(networks)))
	require.Equal(t, slices.Sorted(maps.Keys(project.Volumes)), slices.Sorted(maps.Keys(volumes)))
	require.Equal(t, slices.Sorted(maps.Keys(project.Configs)), slices.Sorted(maps.Keys(configs)))
	require.True(t, project.Networks["data"].Internal, "the database has no way out")
	require.True(t, project.Networks["durable"].Internal, "Temporal has no way out")
}

func TestInterpolation(t *testing.T) {
	t.Parallel()
	env := map[string]string{"SET": "value", "EMPTY": ""}
	for text, want := range map[string]string{
		"plain":               "plain",
		"${SET}":              "value",
		"a-$SET-b":            "a-value-b",
		"$$SET and $$(cmd)":   "$SET and $(cmd)",
		"${UNSET}":            "",
		"${EMPTY:-default}":   "default",
		"${SET:-default}":     "value",
		"${SET:?must be set}": "value",
	} {
		got, err := expand(text, env)
		require.NoError(t, err)
		require.Equal(t, want, got, text)
	}
	_, err := expand("${EMPTY:?a message}", env)
	require.ErrorContains(t, err, "a message")
}
