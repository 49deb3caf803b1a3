package wire_test

import (
	"net/netip"
	"time"

	"github.com/foyerhq/foyer/internal/identity"
	"github.com/foyerhq/foyer/internal/roll"
	"github.com/foyerhq/foyer/internal/visit"
	"github.com/foyerhq/foyer/internal/wire"
)

// The examples tell of one visit: a guest is checked in at ten, goes online and
// leaves half an hour before the voucher would have ended.
const (
	siteAgent = "0197a3f0-0000-7000-8000-000000000001"
	nasID     = visit.NASID("0197a3f0-0000-7000-8000-000000000002")
	visitID   = visit.VisitID("0197a3f0-0000-7000-8000-000000000003")
	voucherID = "0197a3f0-0000-7000-8000-000000000004"
	journalID = "b7e0c1d25f3a4986"
	zoneID    = "0197a3f0-0000-7000-8000-000000000006"
	rollID    = roll.ID("0197a3f0-0000-7000-8000-000000000007")
	testID    = "0197a3f0-0000-7000-8000-000000000006"
	accessID  = "0197a3f0-0000-7000-8000-000000000008"
	deviceID  = "0197a3f0-0000-7000-8000-000000000009"
)

var (
	checkedInAt = time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)
	departsAt   = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
	startedAt   = time.Date(2026, 3, 2, 10, 1, 30, 0, time.UTC)
	leftAt      = time.Date(2026, 3, 2, 11, 30, 0, 0, time.UTC)
	stoppedAt   = time.Date(2026, 3, 2, 11, 30, 1, 0, time.UTC)
)

func position(revision int64) wire.Position {
	return wire.Position{Revision: revision, Stamp: 11400714819323198485} // more than a JSON number holds
}

func grant() *wire.Grant {
	return &wire.Grant{
		ID: voucherID, Kind: wire.GrantVisit, VisitID: visitID, Username: "v-7kq2mzr9", Password: "h3wx9ktp4mvc",
		NotBefore: checkedInAt, NotAfter: departsAt, DeviceLimit: 2,
	}
}

func nas() *wire.NAS {
	return &wire.NAS{
		ID: nasID, Name: "Lobby", Source: netip.MustParsePrefix("192.0.2.16/28"), Secret: "shared-secret-of-the-example",
		MessageAuthenticator: visit.RequireMessageAuthenticator, Driver: "radius", CoAPort: 3799,
		MaxSessionSeconds: 0, InterimSeconds: 300, AccountingSeen: true,
	}
}

func sessionKey() wire.SessionKey {
	return wire.SessionKey{NASID: nasID, AcctSessionID: "5F2A0001", StartedAt: startedAt}
}

func session() wire.Session {
	return wire.Session{
		Key: sessionKey(), GrantID: voucherID, VisitID: visitID, Username: "v-7kq2mzr9",
		MAC: "02:00:00:00:00:2a", MACSpelt: "02-00-00-00-00-2A", IP: "192.0.2.77",
		NASAddress: "192.0.2.17", NASIdentifier: "lobby-1", ExpiresAt: new(departsAt),
	}
}

func command() wire.Command { return wire.Command{VisitID: visitID, Generation: 1, Attempt: 1} }

// examples returns one frame of every type.
func examples() []wire.Frame {
	return []wire.Frame{
		&wire.Hello{Agent: siteAgent, Journal: journalID, Version: "v0.1.0", Protocol: wire.Version, Epoch: 6, Position: position(41), Takes: []wire.Type{wire.TakesDevices, wire.TypeNASTest, wire.TypePresenceSnapshot}, Presence: presenceVersion},
		&wire.Ack{Position: position(42)},
		report(),
		&wire.Stats{Grants: 18, Sessions: 11, JournalBacklog: 3, ClockOffsetMS: -12, Counters: map[string]int{"accepts": 40},
			Presence: &wire.PresenceStats{Address: "[::]:8444", Fingerprint: "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"}},
		&wire.Renew{CSR: []byte("a certificate request")},
		&wire.Certificate{Certificate: []byte("a certificate"), NotAfter: checkedInAt.AddDate(0, 0, 30)},
		&wire.Challenge{Nonce: []byte("thirty-two octets, drawn at rand")},
		&wire.Proof{Certificate: []byte("a certificate"), Signature: []byte("a signature")},
		&wire.Entry{Type: wire.TypeVoucherCreate, Position: position(42), ObjectID: voucherID, Grant: grant()},
		&wire.Entry{Type: wire.TypeVoucherUpdate, Position: position(43), ObjectID: voucherID, Grant: extended()},
		&wire.Entry{Type: wire.TypeVoucherRevoke, Position: position(44), ObjectID: voucherID},
		&wire.Entry{Type: wire.TypeGrantPut, Position: position(45), ObjectID: "0197a3f0-0000-7000-8000-000000000005", Grant: rollGrant()},
		&wire.Entry{Type: wire.TypeGrantDrop, Position: position(46), ObjectID: "0197a3f0-0000-7000-8000-000000000005"},
		&wire.Entry{Type: wire.TypeNASPut, Position: position(47), ObjectID: string(nasID), NAS: nas()},
		&wire.Entry{Type: wire.TypeNASDrop, Position: position(48), ObjectID: string(nasID)},
		&wire.Snapshot{
			ID: "9d1f6c0e", Part: 0, Last: true, Position: position(42), Now: checkedInAt, Epoch: 7,
			Grants: []wire.Grant{*grant(), portalGrant(), deviceGrant()}, NASes: []wire.NAS{*nas()},
		},
		&wire.Entry{Type: wire.TypeZonePut, Position: position(49), ObjectID: zoneID, Zone: &wire.Zone{
			ID: zoneID, Enabled: true, Logins: roll.LastLogin, HashKey: []byte("a key to look codes up by"),
			Ways: []wire.Way{{NASID: nasID, SSID: "Lobby"}}, InvalidMessage: "Code invalid", ExpiredMessage: "Code expired",
		}},
		&wire.Entry{Type: wire.TypeZoneDrop, Position: position(50), ObjectID: zoneID},
		&wire.Entry{Type: wire.TypeRollPut, Position: position(51), ObjectID: string(rollID), Roll: &wire.Roll{
			ID: rollID, ZoneID: zoneID, Number: 3, First: 1, Count: 20, ForSeconds: 28_800, SoldOnly: true, FirstUseBy: new(departsAt), Devices: 1,
		}},
		&wire.Entry{Type: wire.TypeRollDrop, Position: position(52), ObjectID: string(rollID)},
		&wire.Entry{Type: wire.TypeRollCodes, Position: position(53), ObjectID: string(rollID), Codes: &wire.RollCodes{RollID: rollID, Hashes: []byte("twelve octet")}},
		&wire.Entry{Type: wire.TypeRollUsage, Position: position(54), ObjectID: string(rollID), Usage: &wire.RollUsage{RollID: rollID, Over: []byte{0x04}, Sold: []byte{0x0f}}},
		&wire.Resume{Position: position(41), Now: checkedInAt, Epoch: 7},
		&wire.SessionTerminate{Command: command(), GrantID: voucherID, Username: "v-7kq2mzr9", Sessions: []wire.Session{session()}},
		&wire.SessionTerminate{Command: command(), GrantID: voucherID, Username: "v-7kq2mzr9", Sessions: []wire.Session{session()}, Only: true},
		&wire.SessionReport{Open: []wire.Session{session()}, Closed: []wire.SessionKey{sessionKey()}},
		&wire.ReportAck{Journal: journalID, Sequence: 105},
		presence(),
		&wire.NASTest{ID: testID, NASID: nasID, WithinMS: 7000},
		&wire.NASTested{ID: testID, Report: visit.NASReport{
			Answer: visit.ProbeUnderstood, ErrorCause: 503, Tries: 1,
			HeardSince: checkedInAt, SignedAt: new(startedAt), AccountingAt: new(stoppedAt),
		}},
	}
}

func extended() *wire.Grant {
	g := grant()
	g.NotAfter = departsAt.Add(time.Hour)
	return g
}

// rollGrant is an access by a roll code.
func rollGrant() *wire.Grant {
	return &wire.Grant{
		ID: "0197a3f0-0000-7000-8000-000000000005", Kind: wire.GrantRoll, Zone: zoneID,
		NotBefore: checkedInAt, NotAfter: departsAt, Entries: []wire.RollEntry{rollEntry()},
	}
}

// portalGrant is an authentication whose device is on its way from the portal.
func portalGrant() wire.Grant {
	return wire.Grant{
		ID: accessID, Kind: wire.GrantPortal, Username: "user17@guest.example", NotBefore: checkedInAt, NotAfter: departsAt,
		Secrets: []wire.OneTime{{Secret: "t6vk2hpq8wzd", MAC: "02:00:00:00:00:2a", NASID: nasID, NotAfter: checkedInAt.Add(time.Minute)}},
		MAC:     "02:00:00:00:00:2a", NASID: nasID, SSID: "Lobby", MACAuth: true,
	}
}

// deviceGrant is a device that may come back without a portal.
func deviceGrant() wire.Grant {
	return wire.Grant{
		ID: deviceID, Kind: wire.GrantDevice, NotBefore: checkedInAt, NotAfter: departsAt.AddDate(0, 0, 5),
		MAC: "00:00:5e:00:53:2a", NASID: nasID, SSID: "Lobby", LifetimeSeconds: 14_400, Domain: "guests.example.org",
	}
}

func rollEntry() wire.RollEntry {
	return wire.RollEntry{RollID: rollID, Ticket: 7, At: checkedInAt, HolderRollID: rollID, HolderTicket: 7, ForSeconds: 7200}
}

// report holds one record of each kind.
func report() *wire.Report {
	return &wire.Report{Journal: journalID, Records: []wire.Record{
		{Sequence: 101, At: stoppedAt, Accounting: &wire.Accounting{
			Status: wire.AccountingStop, EventAt: stoppedAt, Session: session(),
			InputOctets: 5_120_000_000, OutputOctets: 740_000, SessionSeconds: 5311, TerminateCause: "admin-reset",
		}},
		{Sequence: 102, At: stoppedAt, Refused: &wire.Refused{
			NASID: nasID, Reason: wire.RefusedRevoked, Username: "v-7kq2mzr9", MAC: "02:00:00:00:00:2a",
			GrantID: voucherID, Method: "pap", Count: 1,
		}},
		{Sequence: 103, At: stoppedAt, Termination: termination()},
		{Sequence: 104, At: stoppedAt, RollUse: &wire.RollUse{ZoneID: zoneID, NASID: nasID, Entries: []wire.RollEntry{rollEntry()}}},
		{Sequence: 105, At: stoppedAt, Presence: &wire.PresenceOpened{Opened: 1, Refused: 2}},
		{Sequence: 106, At: stoppedAt, DeviceLogin: &wire.DeviceLogin{
			DeviceID: deviceID, AccessID: identity.DeviceAccessID(deviceID, stoppedAt), NASID: nasID, MAC: "00:00:5e:00:53:2a", SSID: "Lobby",
			At: stoppedAt, Until: stoppedAt.Add(4 * time.Hour),
		}},
	}}
}

func termination() *wire.Termination {
	return &wire.Termination{
		Command: new(command()), GrantID: voucherID, VisitID: visitID,
		Results: []wire.SessionResult{{Key: sessionKey(), Result: visit.SessionTermination{
			NASID: nasID, State: visit.TerminationConfirmed, At: stoppedAt,
			Attempts: []visit.TerminationAttempt{{At: leftAt, Method: "disconnect", Answer: "ack", Shape: "session+user+mac+ip+nas", Tries: 1}},
		}}},
	}
}

const presenceVersion = "5f2c9a41d07be386"

// presence is the whole list in one part.
func presence() *wire.PresenceSnapshot {
	return &wire.PresenceSnapshot{
		Version: presenceVersion, Last: true, AsOf: checkedInAt,
		Settings: &wire.PresenceSettings{
			Site: "Berlin", Timezone: "Europe/Berlin", Listen: ":8444", Networks: []netip.Prefix{netip.MustParsePrefix("192.0.2.0/28")},
			PINHash: "$argon2id$v=19$m=19456,t=2,p=1$c2FsdCBvZiB0aGUgUElO$aGFzaCBvZiB0aGUgUElOIG9mIHRoZSBleGFtcGxlICA",
		},
		People: []wire.PresentPerson{{Name: "Lovelace, Ada"}, {Name: "Quill, Peter", Overdue: true}},
	}
}
