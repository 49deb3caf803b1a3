// Nothing is built from this module: test/compose reads the Compose
// Specification's JSON schema out of it.
module github.com/foyerhq/foyer/tools/compose-spec

go 1.26.8

require github.com/compose-spec/compose-go/v2 v2.16.2
