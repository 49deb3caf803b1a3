package roll_test

import (
	"crypto/rand"
	"io"
	"os/exec"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/foyerhq/foyer/internal/roll"
)

// The figures to compare: BenchmarkVerify is what a code costs here;
// BenchmarkEmptyProcess is the least that it costs where each code has a process
// of its own, before that process has done anything.

func BenchmarkVerify(b *testing.B) {
	for _, config := range []string{"d-default32", "d-default64"} {
		b.Run(config, func(b *testing.B) {
			v := recorded(b)
			reader, code := verifier(b, v, config), printer(b, v, config).Code(1, 7)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := reader.Verify(code); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkCode(b *testing.B) {
	for _, config := range []string{"d-default32", "d-default64"} {
		b.Run(config, func(b *testing.B) {
			p := printer(b, recorded(b), config)
			buffer := make([]byte, 0, 64)
			b.ReportAllocs()
			for b.Loop() {
				buffer = p.AppendCode(buffer[:0], 1, 7)
			}
		})
	}
}

// BenchmarkPrint65535 prints the longest roll.
func BenchmarkPrint65535(b *testing.B) {
	p := printer(b, recorded(b), "d-big-roll64")
	b.ReportAllocs()
	for b.Loop() {
		require.NoError(b, p.Print(io.Discard, roll.CSV, 2, 1, 65535))
	}
}

func BenchmarkGenerateKey(b *testing.B) {
	for b.Loop() {
		_, err := roll.GenerateKey(rand.Reader, roll.LongKey)
		require.NoError(b, err)
	}
}

func BenchmarkEmptyProcess(b *testing.B) {
	for b.Loop() {
		require.NoError(b, exec.CommandContext(b.Context(), "true").Run())
	}
}

// BenchmarkDecide is a login among 100,000 codes in use.
func BenchmarkDecide(b *testing.B) {
	d := newDeskOf(b, "d-default64")
	for ticket := range uint32(100_000) {
		t := roll.Ticket{Roll: "other", Number: ticket}
		d.usage.Merge(roll.Entry{Ticket: t, Record: roll.Record{At: noon, Holder: t, For: 1}})
	}
	code := d.code("one", 1)
	b.ReportAllocs()
	for b.Loop() {
		d.test(code)
	}
}
