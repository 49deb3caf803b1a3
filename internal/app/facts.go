package app

import (
	"encoding/json"
	"fmt"
	"io"
	"path/filepath"

	"github.com/foyerhq/foyer/internal/visit"
)

// facts is var/foyer.json: where everything is that `foyer up` runs, and what
// one needs to use it. It holds secrets and is readable to its owner alone.
type facts struct {
	APIURL          string       `json:"api_url"`
	AgentURL        string       `json:"agent_url"`
	Token           string       `json:"token"`
	Admin           adminFacts   `json:"admin"`
	TemporalUI      string       `json:"temporal_ui,omitempty"`
	TemporalAddress string       `json:"temporal_address"`
	DatabaseURL     string       `json:"database_url"`
	MetricsURL      string       `json:"metrics_url"`
	SiteID          visit.SiteID `json:"site_id,omitempty"`
	RADIUS          radiusFacts  `json:"radius,omitzero"`
	NAS             nasFacts     `json:"nas,omitzero"`
	Portal          portalFacts  `json:"portal,omitzero"`
}

type adminFacts struct {
	Email    string `json:"email"`
	Password string `json:"password"`
}

type radiusFacts struct {
	Auth   string `json:"auth"`
	Acct   string `json:"acct"`
	Secret string `json:"secret"`
}

type nasFacts struct {
	ControlURL string `json:"control_url"`
}

// portalFacts are the portal's address, and that of the simulated network before it,
// which sends a browser there as guests come: the portal alone says to join first.
type portalFacts struct {
	URL        string `json:"url"`
	NetworkURL string `json:"network_url"`
}

func (u *up) facts() facts {
	f := facts{
		APIURL: u.api().PublicURL, AgentURL: u.agentURL(), Token: u.state.Token,
		Admin:      adminFacts{u.state.AdminEmail, u.state.AdminPassword},
		TemporalUI: u.temporalUI(), TemporalAddress: u.TemporalAddress, DatabaseURL: u.DatabaseURL,
		MetricsURL: "http://" + local(u.ports.apiMetrics) + "/metrics",
	}
	if !u.NoDemo {
		f.SiteID = u.state.SiteID
		f.RADIUS = radiusFacts{local(u.ports.auth), local(u.ports.acct), u.state.RADIUSSecret}
		f.NAS = nasFacts{"http://" + local(u.ports.control)}
		if u.state.PortalID != "" {
			f.Portal = portalFacts{f.APIURL + "/portal/" + string(u.state.PortalID), "http://" + local(u.ports.hotspot)}
		}
	}
	return f
}

func (f facts) write(path string) error {
	body, err := json.MarshalIndent(f, "", "  ")
	if err != nil {
		return err
	}
	return writePrivate(path, append(body, '\n'))
}

// print tells a person where to go. Secrets are printed because this is their
// own terminal and the install is for trials.
func (f facts) print(w io.Writer, dir string) {
	_, _ = fmt.Fprintf(w, "\nFoyer is up.\n\n  API          %s   (%s/openapi.json)\n", f.APIURL, f.APIURL)
	_, _ = fmt.Fprintf(w, "  sign in      %s  %s\n", f.Admin.Email, f.Admin.Password)
	if f.Portal.NetworkURL != "" {
		_, _ = fmt.Fprintf(w, "  as a guest   %s   (a phone that has joined the guest WiFi)\n", f.Portal.NetworkURL)
	}
	if f.TemporalUI != "" {
		_, _ = fmt.Fprintf(w, "  Temporal UI  %s\n", f.TemporalUI)
	}
	_, _ = fmt.Fprintf(w, "  metrics      %s\n  all of it    %s\n", f.MetricsURL, filepath.Join(dir, "foyer.json"))
	if f.SiteID != "" {
		_, _ = fmt.Fprintf(w, "\nTry a login, with the user name and password that a check-in answers:\n\n"+
			"  echo 'User-Name=v-…,User-Password=…,Message-Authenticator=0x00' | radclient -x %s auth %s\n", f.RADIUS.Auth, f.RADIUS.Secret)
	}
	_, _ = fmt.Fprint(w, "\nCtrl-C stops everything; the data stays.\n\n")
}
