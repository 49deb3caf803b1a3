package api

import (
	"context"
	"time"

	"github.com/foyerhq/foyer/internal/auth"
	"github.com/foyerhq/foyer/internal/roll"
	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/visit"
)

type zonePeers interface {
	AddPeer(ctx context.Context, by store.Caller, site visit.SiteID, zone roll.ZoneID, peer store.Peer) (store.Peer, error)
	Peers(ctx context.Context, scope store.Scope, site visit.SiteID, zone roll.ZoneID) ([]store.Peer, error)
	DeletePeer(ctx context.Context, by store.Caller, site visit.SiteID, zone roll.ZoneID, id store.PeerID) error
	MergeZone(ctx context.Context, by store.Caller, site visit.SiteID, id roll.ZoneID, in store.ZoneSync) ([]roll.ID, error)
}

// Peer is another deployment with the same zone. Both name each other.
type Peer struct {
	ID         store.PeerID `json:"id"`
	Address    string       `json:"address"`
	Port       int          `json:"port"`
	RemoteSite visit.SiteID `json:"remote_site_id"`
	User       string       `json:"user"`
	Waiting    bool         `json:"waiting" doc:"Something has changed that it does not have."`
	PushedAt   *time.Time   `json:"pushed_at,omitempty" doc:"When it last took something."`
	FailedAt   *time.Time   `json:"failed_at,omitempty" doc:"Since then it does not."`
	Failure    string       `json:"failure,omitempty" doc:"Why: roll_number_clash: both made a roll of one number, delete one; no_answer, unauthenticated, …"`
	CreatedAt  time.Time    `json:"created_at"`
}

func peerOf(p store.Peer) Peer {
	return Peer{
		ID: p.ID, Address: p.Address, Port: p.Port, RemoteSite: p.RemoteSite, User: p.User, Waiting: p.Waiting,
		PushedAt: p.PushedAt, FailedAt: p.FailedAt, Failure: p.Failure, CreatedAt: p.CreatedAt,
	}
}

type addPeerInput struct {
	ZonePath
	Body struct {
		Address    string       `json:"address" minLength:"1" maxLength:"253" doc:"Host name or address. It must answer by HTTPS."`
		Port       int          `json:"port,omitempty" minimum:"1" maximum:"65535" default:"443"`
		RemoteSite visit.SiteID `json:"remote_site_id" format:"uuid" doc:"The site there at which the zone is, or will be made."`
		User       string       `json:"user" format:"uuid" doc:"Id of a token there, for that site, that may rolls.sync."`
		Password   string       `json:"password" minLength:"8" maxLength:"200" writeOnly:"true" doc:"The token's secret."`
	}
}

type peerAnswer struct {
	Body Peer
}

func (s *Server) addPeer(ctx context.Context, in *addPeerInput) (*peerAnswer, error) {
	b := in.Body
	made, err := s.Store.AddPeer(ctx, s.caller(ctx), in.Site, in.Zone, store.Peer{
		Address: b.Address, Port: b.Port, RemoteSite: b.RemoteSite, User: b.User, Password: b.Password,
	})
	if err != nil {
		return nil, err
	}
	return &peerAnswer{peerOf(made)}, nil
}

type listPeersAnswer struct {
	Body struct {
		Items []Peer `json:"items"`
	}
}

func (s *Server) listPeers(ctx context.Context, in *ZonePath) (*listPeersAnswer, error) {
	list, err := s.Store.Peers(ctx, scopeOf(auth.PrincipalOf(ctx)), in.Site, in.Zone)
	if err != nil {
		return nil, err
	}
	a := &listPeersAnswer{}
	a.Body.Items = each(list, peerOf)
	return a, nil
}

type deletePeerInput struct {
	ZonePath
	Peer store.PeerID `path:"peer" format:"uuid"`
}

func (s *Server) deletePeer(ctx context.Context, in *deletePeerInput) (*struct{}, error) {
	return nil, s.Store.DeletePeer(ctx, s.caller(ctx), in.Site, in.Zone, in.Peer)
}

type syncZoneInput struct {
	ZonePath
	User string `header:"Foyer-User" doc:"Id of the token that is used."`
	Body store.ZoneSync
}

type syncZoneAnswer struct {
	Body struct {
		Refused []roll.ID `json:"refused" doc:"Rolls whose number another live roll has here."`
	}
}

// errOtherUser: whoever set the peer up mixed two tokens up.
var errOtherUser = visit.Errorf(visit.KindForbidden, "forbidden", "The user is not the one whose password this is.")

// syncZone merges what a peer says.
func (s *Server) syncZone(ctx context.Context, in *syncZoneInput) (*syncZoneAnswer, error) {
	if p := auth.PrincipalOf(ctx); in.User != p.ID {
		if _, err := s.Store.Zone(ctx, scopeOf(p), in.Site, in.Zone); err != nil {
			return nil, err
		}
		return nil, errOtherUser
	}
	refused, err := s.Store.MergeZone(ctx, s.caller(ctx), in.Site, in.Zone, in.Body)
	if err != nil {
		return nil, err
	}
	a := &syncZoneAnswer{}
	a.Body.Refused = append([]roll.ID{}, refused...)
	return a, nil
}
