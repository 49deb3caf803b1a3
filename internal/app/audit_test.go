package app

import (
	"bytes"
	"crypto/ed25519"
	"encoding/hex"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/foyerhq/foyer/internal/audit"
	"github.com/foyerhq/foyer/internal/seal"
)

// exported writes an export of two rows signed with the key of a deployment.
func exported(t *testing.T, private ed25519.PrivateKey) string {
	t.Helper()
	head := audit.Head{Chain: audit.Deployment}
	span := audit.Span{Chain: audit.Deployment, First: 1, Last: 2}
	var rows []audit.Row
	for _, action := range []string{"site.created", "token.created"} {
		row, next, err := audit.Append(head, audit.Row{At: time.Now(), Actor: "operator:shell", Action: action})
		require.NoError(t, err)
		rows, head = append(rows, row), next
	}
	span.Hash = head.Hash
	manifest, err := audit.SignManifest(audit.Manifest{At: time.Now(), Chains: []audit.Span{span}, Keys: 1}, private)
	require.NoError(t, err)
	var text bytes.Buffer
	out, err := audit.NewExporter(&text, audit.NDJSON)
	require.NoError(t, err)
	require.NoError(t, out.Manifest(manifest))
	require.NoError(t, out.Key(private.Public().(ed25519.PublicKey)))
	for _, row := range rows {
		require.NoError(t, out.Row(row))
	}
	return text.String()
}

func TestAuditVerifyOfAFile(t *testing.T) {
	t.Parallel()
	generated, err := seal.Generate(bytes.NewReader(bytes.Repeat([]byte{7}, 64)))
	require.NoError(t, err)
	ring, err := seal.Parse(generated)
	require.NoError(t, err)
	private := ring.SigningKeys("audit-checkpoint")[0]
	text := exported(t, private)

	var out bytes.Buffer
	program := &Program{Logger: discard, Out: &out}
	require.NoError(t, (&AuditKeys{Key: generated}).Run(program))
	id, key, found := strings.Cut(strings.TrimSpace(out.String()), " ")
	require.True(t, found)
	require.Equal(t, hex.EncodeToString(private.Public().(ed25519.PublicKey)), key)
	require.Equal(t, audit.CheckpointKeyID(private.Public().(ed25519.PublicKey)), id)

	file := func(text string) string {
		path := filepath.Join(t.TempDir(), "export.ndjson")
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
		return path
	}
	verify := func(text string, keys ...string) (string, error) {
		out.Reset()
		err := (&AuditVerify{File: file(text), PublicKeys: keys}).Run(t.Context(), program)
		return out.String(), err
	}
	report, err := verify(text, key)
	require.NoError(t, err)
	require.Contains(t, report, `"keys_pinned": true`)
	report, err = verify(text)
	require.NoError(t, err)
	require.Contains(t, report, `"keys_pinned": false`)

	report, err = verify(strings.Replace(text, "operator:shell", "operator:other", 1), key)
	require.ErrorIs(t, err, errAudit)
	require.Contains(t, report, `"seq": 1`)
	_, err = verify(text, strings.Repeat("0", 64))
	require.ErrorIs(t, err, errAudit, "signed by another")
	_, err = verify(text, "nonsense")
	require.Error(t, err)
	_, err = verify("nonsense", key)
	require.ErrorIs(t, err, audit.ErrNoExport)

	require.Error(t, (&AuditVerify{}).Run(t.Context(), program), "neither a file nor a database")
	require.Error(t, (&AuditVerify{File: file(text), Chain: "deployment"}).Run(t.Context(), program))
}
