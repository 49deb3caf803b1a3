package browser

import (
	"encoding/json"
	"net/http"
	"time"

	"github.com/foyerhq/foyer/internal/link"
	"github.com/foyerhq/foyer/internal/seal"
	"github.com/foyerhq/foyer/test/stack"
)

// invitation answers the link that a visitor was mailed.
func invitation(s *stack.Stack) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var about struct{ Visit string }
		ring, err := seal.Parse(s.Key)
		if err == nil {
			err = json.NewDecoder(r.Body).Decode(&about)
		}
		var token string
		if err == nil {
			token, err = link.Sign(ring, link.Link{Purpose: link.Invitation, Object: about.Visit, ExpiresAt: time.Now().Add(time.Hour)})
		}
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		_ = json.NewEncoder(w).Encode(map[string]string{"url": s.URL(0) + "/v/" + token})
	}
}
