package app

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// voucherCall is one recorded run of the original program.
type voucherCall struct {
	Key, Config, Note string
	File              *string `json:"cfg_file"`
	Public            string  `json:"public_key"`
	Args, Argv        []string
	Roll              *string `json:"roll_arg"`
	Count             *string `json:"count_arg"`
	Exit              int
	Stdout            *string
	Sum               string `json:"stdout_sha256"`
	Stderr            string
}

type voucherRecording struct {
	Keys []struct {
		ID      string
		Private string `json:"private_pem"`
		Public  string `json:"public_pem"`
	}
	Configs []struct {
		ID, Key string
		File    string `json:"cfg_file"`
	}
	Verify         []voucherCall
	GenerateErrors []voucherCall `json:"generate_errors"`
	ConfigErrors   []voucherCall `json:"config_errors"`
	KeySize        []voucherCall `json:"keysize"`
}

// voucherRun is a command line made of a recorded call, with its files in place.
type voucherRun struct {
	call voucherCall
	args []string
	// The recording's place holders and what they stand for.
	config, key string
}

func recordedVouchers(t *testing.T) voucherRecording {
	t.Helper()
	text, err := os.ReadFile("../roll/testdata/pfsense-vouchers.json")
	require.NoError(t, err)
	var recording voucherRecording
	require.NoError(t, json.Unmarshal(text, &recording))
	return recording
}

// files writes the keys and configurations once, named by their ids.
func (r voucherRecording) files(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	write := func(name, text string) {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
	}
	for _, key := range r.Keys {
		write(key.ID+".private", key.Private)
		write(key.ID+".public", key.Public)
	}
	for _, config := range r.Configs {
		write(config.ID+".cfg", config.File)
	}
	write("128.private", private128)
	write("128.public", public128)
	write("not.private", "no key")
	write("not.public", "no key")
	return dir
}

func (r voucherRecording) keyOf(config string) string {
	for _, c := range r.Configs {
		if c.ID == config {
			return c.Key
		}
	}
	return ""
}

// run completes a recorded call to a command line, as the recording's notes say.
func (r voucherRecording) run(t *testing.T, dir string, call voucherCall) voucherRun {
	t.Helper()
	key := call.Key
	if key == "" {
		key = r.keyOf(call.Config)
	}
	if call.Public != "" {
		key = call.Public
	}
	run := voucherRun{call: call, config: filepath.Join(dir, call.Config+".cfg"), key: filepath.Join(dir, key)}
	if call.File != nil {
		run.config = filepath.Join(t.TempDir(), "voucher.cfg")
		require.NoError(t, os.WriteFile(run.config, []byte(*call.File), 0o600))
	}
	switch {
	case call.Roll != nil:
		run.key += ".private"
		run.args = []string{"-c", run.config, "-p", run.key, "--", *call.Roll, *call.Count}
	case call.Argv == nil:
		run.key += ".public"
		run.args = append([]string{"-c", run.config, "-k", run.key, "--"}, call.Args...)
	default:
		run.special(dir)
	}
	return run
}

// special fills in a command line that was recorded whole, whose note says what
// its key file holds.
func (run *voucherRun) special(dir string) {
	kind := ".public"
	if len(run.call.Argv) > 0 && run.call.Argv[0] == "-p" {
		kind = ".private"
	}
	switch run.call.Note {
	case "128-bit private key", "128-bit public key":
		run.key = filepath.Join(dir, "128")
	case "public key where a private one is needed":
		kind = ".public"
	case "private key where a public one is needed":
		kind = ".private"
	case "not a key":
		run.key = filepath.Join(dir, "not")
	case "no key file":
		run.key = filepath.Join(dir, "missing")
	case "no cfg file":
		run.config = filepath.Join(dir, "missing.cfg")
	}
	run.key += kind
	if len(run.call.Argv) > 0 {
		run.args = []string{"-c", run.config}
	}
	for _, arg := range run.call.Argv {
		run.args = append(run.args, strings.ReplaceAll(arg, "<KEY>", run.key))
	}
}

// require compares what the run said with the recording.
func (run voucherRun) require(t *testing.T, exit int, stdout, stderr string) {
	t.Helper()
	named := strings.NewReplacer("<CFG>", run.config, "<KEY>", run.key)
	require.Equal(t, run.call.Exit, exit, "%s %q: %s", run.call.Note, run.args, stderr)
	if run.call.Stdout != nil {
		require.Equal(t, named.Replace(*run.call.Stdout), stdout, "%s %q", run.call.Note, run.args)
	}
	if run.call.Sum != "" {
		sum := sha256.Sum256([]byte(stdout))
		require.Equal(t, run.call.Sum, hex.EncodeToString(sum[:]))
	}
	if run.call.Note == "unknown option" { // the system's getopt has its own line
		require.Contains(t, stderr, voucherUsage)
		return
	}
	require.Equal(t, named.Replace(run.call.Stderr), stderr, "%s %q", run.call.Note, run.args)
}

// Everything that was recorded of the original program: texts, exit codes, and
// which of them go to standard error.
func TestVoucherAnswersAsTheOriginal(t *testing.T) {
	t.Parallel()
	r := recordedVouchers(t)
	dir := r.files(t)
	for _, calls := range [][]voucherCall{r.Verify, r.GenerateErrors, r.ConfigErrors} {
		require.NotEmpty(t, calls)
		for _, call := range calls {
			run := r.run(t, dir, call)
			var stdout, stderr bytes.Buffer
			exit := voucher(run.args, &stdout, &stderr)
			run.require(t, exit, stdout.String(), stderr.String())
		}
	}
	for _, call := range r.KeySize {
		for option, kind := range map[string]string{"-k": ".public", "-p": ".private"} {
			var stdout, stderr bytes.Buffer
			exit := voucher([]string{"-s", option, filepath.Join(dir, call.Key) + kind}, &stdout, &stderr)
			voucherRun{call: call}.require(t, exit, stdout.String(), stderr.String())
		}
	}
}

// The same through the program's own front door, as a process: one call of each
// kind, and all codes that look like options, are empty or hold a comma.
func TestVoucherProcess(t *testing.T) {
	t.Parallel()
	r := recordedVouchers(t)
	dir := r.files(t)
	seen := map[string]bool{}
	for _, call := range slices.Concat(r.GenerateErrors, r.ConfigErrors, r.Verify) {
		kind := call.Note
		if len(call.Args) == 1 && (strings.HasPrefix(call.Args[0], "-") || strings.Contains(call.Args[0], ",")) {
			kind = call.Args[0]
		}
		if kind != "" && seen[kind] {
			continue
		}
		seen[kind] = true
		run := r.run(t, dir, call)
		process := voucherProcess(t, run.args)
		var stdout, stderr bytes.Buffer
		process.Stdout, process.Stderr = &stdout, &stderr
		err := process.Run()
		if _, exited := errors.AsType[*exec.ExitError](err); !exited {
			require.NoError(t, err)
		}
		run.require(t, process.ProcessState.ExitCode(), stdout.String(), stderr.String())
	}
}

const voucherProcessArguments = "VOUCHER_PROCESS_ARGUMENTS"

// voucherProcess is the program that was built, else this test binary, made to be
// the program.
func voucherProcess(t *testing.T, args []string) *exec.Cmd {
	t.Helper()
	args = append([]string{"voucher"}, args...)
	if built := os.Getenv("FOYER_BIN"); built != "" {
		return exec.CommandContext(t.Context(), built, args...)
	}
	program, err := os.Executable()
	require.NoError(t, err)
	arguments, err := json.Marshal(args)
	require.NoError(t, err)
	process := exec.CommandContext(t.Context(), program, "-test.run=^TestBeTheProgram$")
	process.Env = append(os.Environ(), voucherProcessArguments+"="+string(arguments))
	return process
}

// TestBeTheProgram is the other process of the test above; alone it has nothing to do.
func TestBeTheProgram(t *testing.T) { //nolint:paralleltest // it ends the process
	text, ok := os.LookupEnv(voucherProcessArguments)
	if !ok {
		return
	}
	var arguments []string
	require.NoError(t, json.Unmarshal([]byte(text), &arguments))
	os.Exit(Main(arguments, "test"))
}

// Options as getopt reads them.
func TestVoucherArguments(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		args string
		want voucherOptions
	}{
		{"-k pub code", voucherOptions{config: "voucher.cfg", key: "pub", rest: []string{"code"}}},
		{"-cx -kpub -- -code", voucherOptions{config: "x", key: "pub", rest: []string{"-code"}}},
		{"-sk pub", voucherOptions{config: "voucher.cfg", key: "pub", size: true, rest: []string{}}},
		{"-p -- 1 -2", voucherOptions{config: "voucher.cfg", key: "--", private: true, rest: []string{"1", "-2"}}},
		{"-k pub - -c", voucherOptions{config: "voucher.cfg", key: "pub", rest: []string{"-", "-c"}}},
	} {
		options, err := voucherArguments(strings.Fields(c.args))
		require.NoError(t, err)
		require.Equal(t, c.want, options, c.args)
	}
	for _, args := range []string{"-k", "-x", "--help", "-sg"} {
		_, err := voucherArguments(strings.Fields(args))
		require.ErrorContains(t, err, "voucher: ", args)
	}
}

// A full disk is not a printed roll.
func TestVoucherSaysWhenItCannotPrint(t *testing.T) {
	t.Parallel()
	r := recordedVouchers(t)
	dir := r.files(t)
	config := r.Configs[1]
	key := filepath.Join(dir, config.Key)
	for _, args := range [][]string{
		{"-c", filepath.Join(dir, config.ID+".cfg"), "-p", key + ".private", "1", "1023"},
		{"-s", "-k", key + ".public"},
	} {
		var stderr bytes.Buffer
		require.Equal(t, 1, voucher(args, failingWriter{}, &stderr))
		require.Equal(t, "full\n", stderr.String())
	}
}

type failingWriter struct{}

func (failingWriter) Write([]byte) (int, error) { return 0, errors.New("full") }

// A pair of 128 bits, made for this test.
const (
	private128 = `-----BEGIN RSA PRIVATE KEY-----
MGQCAQACEQD0Vq9T1MdDQMxsWQdGERyPAgMBAAECEQDl9W+thmTDdTIlsqEx2OgB
AgkA/FRpcjVqBUECCQD35IROUp6dzwIJAKQCof9wJJeBAgkAl14QdAr7E/0CCFxI
jeCGnTvl
-----END RSA PRIVATE KEY-----
`
	public128 = `-----BEGIN PUBLIC KEY-----
MCwwDQYJKoZIhvcNAQEBBQADGwAwGAIRAPRWr1PUx0NAzGxZB0YRHI8CAwEAAQ==
-----END PUBLIC KEY-----
`
)
