package roll_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/foyerhq/foyer/internal/roll"
)

// vectors are recordings of the original program and of pfSense around it.
type vectors struct {
	Keys     []vectorKey     `json:"keys"`
	Configs  []vectorConfig  `json:"configs"`
	Generate []vectorRoll    `json:"generate"`
	Prints   []vectorPrint   `json:"generate_errors"`
	Verify   []vectorVerify  `json:"verify"`
	KeySizes []vectorKeySize `json:"keysize"`

	Scenarios []scenario `json:"scenarios"`
}

type vectorKey struct {
	ID, N, D string
	Bits     int
	E, P, Q  uint64
	Private  string `json:"private_pem"`
	Public   string `json:"public_pem"`
}

type vectorConfig struct {
	ID, Key, Charset, Magic            string
	RollBits, TicketBits, ChecksumBits int
	File                               string `json:"cfg_file"`
	MagicBits                          int    `json:"magic_bits"`
	MagicEffective                     string `json:"magic_effective"`
}

type vectorRoll struct {
	Config string
	Roll   uint32
	Count  uint32
	Header []string
	Codes  []string
	At     map[string]string `json:"codes_at"`
	Stdout string
	CSV    string
	Text   string `json:"stdout_sha256"`
	CSVSum string `json:"csv_sha256"`
}

// vectorPrint is a call to print with odd arguments.
type vectorPrint struct {
	Config string
	Roll   *string `json:"roll_arg"`
	Count  string  `json:"count_arg"`
	Exit   int
	Sum    string `json:"stdout_sha256"`
}

type vectorVerify struct {
	Config, Stdout, Note string
	Args                 []string
	Exit                 int
	File                 string `json:"cfg_file"`
	Public               string `json:"public_key"`
}

type vectorKeySize struct {
	Key, Stdout string
}

var load = sync.OnceValues(func() (v vectors, err error) {
	text, err := os.ReadFile("testdata/pfsense-vouchers.json")
	if err == nil {
		err = json.Unmarshal(text, &v)
	}
	return v, err
})

func recorded(t testing.TB) vectors {
	t.Helper()
	v, err := load()
	require.NoError(t, err)
	return v
}

func (v vectors) key(t testing.TB, id string) vectorKey {
	t.Helper()
	for _, key := range v.Keys {
		if key.ID == id {
			return key
		}
	}
	require.Fail(t, "no key "+id)
	return vectorKey{}
}

func (v vectors) config(t testing.TB, id string) vectorConfig {
	t.Helper()
	for _, config := range v.Configs {
		if config.ID == id {
			return config
		}
	}
	require.Fail(t, "no config "+id)
	return vectorConfig{}
}

func (c vectorConfig) format(t testing.TB) roll.Format {
	t.Helper()
	magic, err := strconv.ParseUint(c.Magic, 10, 64)
	require.NoError(t, err)
	return roll.Format{RollBits: c.RollBits, TicketBits: c.TicketBits, ChecksumBits: c.ChecksumBits, Magic: magic, Alphabet: c.Charset}
}

func (k vectorKey) private(t testing.TB) roll.PrivateKey {
	t.Helper()
	key, err := roll.ParsePrivateKey([]byte(k.Private))
	require.NoError(t, err)
	return key
}

func (k vectorKey) public(t testing.TB) roll.PublicKey {
	t.Helper()
	key, err := roll.ParsePublicKey([]byte(k.Public))
	require.NoError(t, err)
	return key
}

func printer(t testing.TB, v vectors, config string) *roll.Printer {
	t.Helper()
	c := v.config(t, config)
	p, err := roll.NewPrinter(v.key(t, c.Key).private(t), c.format(t))
	require.NoError(t, err)
	return p
}

func verifier(t testing.TB, v vectors, config string) *roll.Verifier {
	t.Helper()
	c := v.config(t, config)
	verifier, err := roll.NewVerifier(v.key(t, c.Key).public(t), c.format(t))
	require.NoError(t, err)
	return verifier
}

func sum(text []byte) string {
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

// Every recorded key is taken in, says its size and is written as it was.
func TestRecordedKeys(t *testing.T) {
	t.Parallel()
	v := recorded(t)
	for _, key := range v.Keys {
		private, public := key.private(t), key.public(t)
		require.Equal(t, key.Bits, public.Bits(), key.ID)
		require.NoError(t, roll.CheckPair(private, public), key.ID)
		require.Equal(t, key.Private, string(private.PEM()), key.ID)
		require.Equal(t, key.Public, string(public.PEM()), key.ID)
		require.Equal(t, key.Public, string(private.PublicKey.PEM()), key.ID)
	}
	for _, size := range v.KeySizes {
		key := v.key(t, size.Key)
		public, err := roll.ReadOriginalKey([]byte(key.Public), false)
		require.NoError(t, err)
		require.Equal(t, size.Stdout, public.Size()+"\n")
		private, err := roll.ReadOriginalKey([]byte(key.Private), true)
		require.NoError(t, err)
		require.Equal(t, size.Stdout, private.Size()+"\n")
	}
}

func TestRecordedFormats(t *testing.T) {
	t.Parallel()
	v := recorded(t)
	for _, config := range v.Configs {
		format, bits := config.format(t), v.key(t, config.Key).Bits
		require.NoError(t, format.Check(bits), config.ID)
		require.Equal(t, config.MagicBits, format.MagicBits(bits), config.ID)
		require.Equal(t, config.MagicEffective, strconv.FormatUint(format.EffectiveMagic(bits), 10), config.ID)
		require.Equal(t, config.File, format.OriginalFormat(), config.ID)
		read, err := roll.ReadOriginalFormat(config.File, "voucher.cfg")
		require.NoError(t, err)
		require.Equal(t, format, read, config.ID)
	}
}

// Every recorded roll is printed to the byte, in both styles.
func TestRecordedRolls(t *testing.T) {
	t.Parallel()
	v := recorded(t)
	for _, r := range v.Generate {
		p := printer(t, v, r.Config)
		var text, csv bytes.Buffer
		require.NoError(t, p.Print(&text, roll.Text, r.Roll, 1, r.Count))
		require.NoError(t, p.Print(&csv, roll.CSV, r.Roll, 1, r.Count))
		require.Equal(t, r.Text, sum(text.Bytes()), "%s %d", r.Config, r.Roll)
		require.Equal(t, r.CSVSum, sum(csv.Bytes()), "%s %d", r.Config, r.Roll)
		if r.Stdout != "" {
			require.Equal(t, r.Stdout, text.String())
			require.Equal(t, r.CSV, csv.String())
		}
		require.True(t, strings.HasPrefix(csv.String(), strings.Join(r.Header, "\n")+"\n"))
		for i, code := range r.Codes {
			requireCode(t, v, r, uint32(i+1), code)
		}
		for ticket, code := range r.At {
			n, err := strconv.ParseUint(ticket, 10, 32)
			require.NoError(t, err)
			requireCode(t, v, r, uint32(n), code)
		}
	}
}

// requireCode wants a recorded code made, and read back, spelt as it is.
func requireCode(t *testing.T, v vectors, r vectorRoll, ticket uint32, code string) {
	t.Helper()
	require.Equal(t, code, printer(t, v, r.Config).Code(r.Roll, ticket))
	reading, err := verifier(t, v, r.Config).Verify(code)
	require.NoError(t, err)
	require.Equal(t, roll.Reading{Roll: r.Roll, Ticket: ticket, Spelling: code}, reading)
}

// Every recorded verification: the original's text by Original, and the same
// decision by Verifier, but for ticket 0 and texts longer than any code.
func TestRecordedVerifications(t *testing.T) {
	t.Parallel()
	v := recorded(t)
	for _, call := range v.Verify {
		config := v.config(t, call.Config)
		key := v.key(t, config.Key)
		if call.Public != "" {
			key = v.key(t, call.Public)
		}
		if call.File != "" {
			config.File = call.File
		}
		format, err := roll.ReadOriginalFormat(config.File, "voucher.cfg")
		require.NoError(t, err)
		stdout, exit := original(t, key, format, call.Args)
		require.Equal(t, call.Stdout, stdout, "%s %s", call.Config, call.Note)
		require.Equal(t, call.Exit, exit, "%s %s", call.Config, call.Note)

		ours, err := roll.NewVerifier(key.public(t), format)
		require.NoError(t, err)
		lines := strings.Split(strings.TrimSuffix(call.Stdout, "\n"), "\n")
		for i, line := range lines {
			requireSame(t, ours, call.Args[i], line)
		}
	}
}

func original(t *testing.T, key vectorKey, format roll.Format, codes []string) (stdout string, exit int) {
	t.Helper()
	public, err := roll.ReadOriginalKey([]byte(key.Public), false)
	require.NoError(t, err)
	program, err := roll.NewOriginal(public, format)
	require.NoError(t, err)
	for _, code := range codes {
		line, err := program.Verify(code)
		if refusal, ok := errors.AsType[*roll.OriginalError](err); ok {
			return stdout + refusal.Text + "\n", refusal.Exit
		}
		stdout += line + "\n"
	}
	return stdout, 0
}

// requireSame wants the verifier's answer to be the original's line.
func requireSame(t *testing.T, ours *roll.Verifier, code, line string) {
	t.Helper()
	reading, err := ours.Verify(code)
	switch words := strings.Fields(line); {
	case words[0] == "OK" && words[2] == "0":
		require.ErrorIs(t, err, roll.ErrCodeZero)
	case words[0] == "OK":
		require.NoError(t, err, code)
		require.Equal(t, words[1:], []string{strconv.Itoa(int(reading.Roll)), strconv.Itoa(int(reading.Ticket))})
	case words[1] == "illegal":
		require.ErrorIs(t, err, roll.ErrCodeCharacter)
	case words[2] == "code":
		require.ErrorIs(t, err, roll.ErrCodeNumber)
	case words[2] == "magic":
		require.ErrorIs(t, err, roll.ErrCodeMagic)
	default:
		require.ErrorIs(t, err, roll.ErrCodeChecksum)
	}
}

// Printing with arguments that atoi makes something of, or nothing.
func TestRecordedPrints(t *testing.T) {
	t.Parallel()
	v := recorded(t)
	for _, call := range v.Prints {
		if call.Roll == nil {
			continue // misuse, which is the command's
		}
		config := v.config(t, call.Config)
		key, err := roll.ReadOriginalKey([]byte(v.key(t, config.Key).Private), true)
		require.NoError(t, err)
		program, err := roll.NewOriginal(key, config.format(t))
		require.NoError(t, err)
		var out bytes.Buffer
		exit := 0
		err = program.Print(&out, *call.Roll, call.Count)
		if refusal, ok := errors.AsType[*roll.OriginalError](err); ok {
			exit = refusal.Exit
			out.WriteString(refusal.Text + "\n")
		}
		require.Equal(t, call.Exit, exit, "%q %q", *call.Roll, call.Count)
		require.Equal(t, call.Sum, sum(out.Bytes()), "%q %q", *call.Roll, call.Count)
	}
}
