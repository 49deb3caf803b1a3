package browser

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"github.com/foyerhq/foyer/test/nas"
	"github.com/foyerhq/foyer/test/stack"
)

// unsigned is one login at an access point of old manners: it signs no request,
// and so is told nothing.
func unsigned(agent *stack.Agent, r *http.Request) {
	var in struct{ From, Secret string }
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
		panic(err) // the story's own words
	}
	ap, err := nas.New(nas.Config{Name: "old", AuthAddr: agent.Auth, AcctAddr: agent.Acct, Secret: []byte(in.Secret), BindAddress: in.From})
	if err != nil {
		panic(err)
	}
	if err := ap.Start(context.WithoutCancel(r.Context())); err != nil {
		panic(err)
	}
	defer ap.Stop()
	ctx, cancel := context.WithTimeout(r.Context(), time.Second)
	defer cancel()
	_, _ = ap.Login(ctx, nas.Guest{MAC: "02-AA-00-00-00-41", Username: "v-anybody", Password: "anything"})
}
