package nas

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"layeh.com/radius"
	"layeh.com/radius/rfc2865"
	"layeh.com/radius/rfc2866"
	"layeh.com/radius/rfc2869"
)

// granting answers accounting, and Access-Requests with these attributes.
func granting(attributes ...*radius.AVP) func(*radius.Packet) *radius.Packet {
	return func(p *radius.Packet) *radius.Packet {
		if p.Code == radius.CodeAccountingRequest {
			return p.Response(radius.CodeAccountingResponse)
		}
		accept := p.Response(radius.CodeAccessAccept)
		accept.Attributes = append(accept.Attributes, attributes...)
		return accept
	}
}

func integer(kind radius.Type, value uint32) *radius.AVP {
	return &radius.AVP{Type: kind, Attribute: radius.NewInteger(value)}
}

// bubble runs a test in virtual time with a NAS that is stopped inside it.
func bubble(t *testing.T, change func(*Config), test func(t *testing.T, r rig)) {
	t.Helper()
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := memoryRig(t, change)
		synctest.Wait() // Accounting-On is answered
		test(t, r)
	})
}

func login(t *testing.T, r rig) LoginResult {
	t.Helper()
	result, err := r.Login(t.Context(), visitor())
	require.NoError(t, err)
	require.True(t, result.Accepted)
	return result
}

// lastFact is an attribute of the last packet of this name.
func (r rig) lastFact(packet, name string) string {
	value := ""
	for _, e := range r.Events(0) {
		if e.Packet == packet {
			value = e.Facts[name]
		}
	}
	return value
}

// pass lets virtual time go by, and all that falls due happen.
func pass(d time.Duration) {
	<-time.After(d)
	synctest.Wait()
}

func TestSessionTimeoutEndsAtTheSecond(t *testing.T) {
	bubble(t, nil, func(t *testing.T, r rig) {
		r.server.set(granting(integer(rfc2865.SessionTimeout_Type, 900)))
		login(t, r)
		pass(900*time.Second - time.Nanosecond)
		require.Len(t, r.Online(), 1)
		pass(time.Nanosecond)
		require.Empty(t, r.Online())
		records := r.server.records(t)
		require.Equal(t, []string{"Accounting-On", "Start", "Stop"}, statuses(records))
		stop := records[2]
		require.EqualValues(t, 900, number(stop, rfc2866.AcctSessionTime_Type))
		require.Equal(t, rfc2866.AcctTerminateCause_Value_SessionTimeout, rfc2866.AcctTerminateCause_Get(stop))
	})
}

func TestInterimUpdatesCountUp(t *testing.T) {
	change := func(c *Config) { c.BytesPerSecond = 1 << 30 }
	bubble(t, change, func(t *testing.T, r rig) {
		r.server.set(granting(integer(rfc2869.AcctInterimInterval_Type, 60),
			&radius.AVP{Type: rfc2865.Class_Type, Attribute: []byte("a")},
			&radius.AVP{Type: rfc2865.Class_Type, Attribute: []byte("b")},
			&radius.AVP{Type: rfc2865.UserName_Type, Attribute: []byte("inner")}))
		login(t, r)
		pass(120 * time.Second)
		records := r.server.records(t)
		require.Equal(t, []string{"Accounting-On", "Start", "Interim-Update", "Interim-Update"}, statuses(records))
		last := records[3]
		require.EqualValues(t, 120, number(last, rfc2866.AcctSessionTime_Type))
		// 120 · 2^30 octets up are 30 · 2^32; four times as many came down.
		require.EqualValues(t, 0, number(last, rfc2866.AcctInputOctets_Type))
		require.EqualValues(t, 30, number(last, rfc2869.AcctInputGigawords_Type))
		require.EqualValues(t, 120, number(last, rfc2869.AcctOutputGigawords_Type))
		require.Equal(t, "inner", rfc2865.UserName_GetString(last))
		require.Equal(t, [][]byte{[]byte("a"), []byte("b")}, classes(last))
		require.EqualValues(t, 120<<30, r.Online()[0].Uploaded)
	})
}

func TestLocalInterimOverridesTheServer(t *testing.T) {
	bubble(t, func(c *Config) { c.Interim = 10 * time.Second }, func(t *testing.T, r rig) {
		r.server.set(granting(integer(rfc2869.AcctInterimInterval_Type, 600)))
		login(t, r)
		pass(30 * time.Second)
		require.Equal(t, []string{"Accounting-On", "Start", "Interim-Update", "Interim-Update", "Interim-Update"},
			statuses(r.server.records(t)))
	})
}

func TestTerminationActionReauthenticatesSilently(t *testing.T) {
	bubble(t, nil, func(t *testing.T, r rig) {
		terms := granting(integer(rfc2865.SessionTimeout_Type, 900), integer(rfc2865.TerminationAction_Type, 1),
			&radius.AVP{Type: rfc2865.State_Type, Attribute: []byte("state")})
		r.server.set(terms)
		id := login(t, r).AcctSessionID
		pass(900 * time.Second)
		online := r.Online()
		require.Len(t, online, 1, "the Accept prolongs the session")
		require.Equal(t, id, online[0].AcctSessionID)
		require.Equal(t, 1, online[0].Reauthentications)
		require.Equal(t, 900*time.Second, time.Until(online[0].EndsAt))

		r.server.set(func(p *radius.Packet) *radius.Packet {
			if p.Code == radius.CodeAccessRequest {
				return p.Response(radius.CodeAccessReject)
			}
			return terms(p)
		})
		pass(900 * time.Second)
		require.Empty(t, r.Online(), "the Reject ends it")
		records := r.server.records(t)
		require.Equal(t, []string{"Accounting-On", "Start", "Stop"}, statuses(records))
		require.Equal(t, "7374617465", r.lastFact("Access-Request", "State"), "RFC 2865 section 5.29")
		require.Equal(t, causeReauthentication, rfc2866.AcctTerminateCause_Get(records[2]))
	})
}

func TestSilenceAtReauthenticationEndsTheSession(t *testing.T) {
	bubble(t, nil, func(t *testing.T, r rig) {
		r.server.set(granting(integer(rfc2865.SessionTimeout_Type, 60), integer(rfc2865.TerminationAction_Type, 1)))
		login(t, r)
		r.server.set(func(*radius.Packet) *radius.Packet { return nil })
		pass(67*time.Second - 1) // 60 s, then tries at 0, 1, 3 and the last wait of 4 s
		require.Len(t, r.Online(), 1)
		pass(1)
		require.Empty(t, r.Online())
	})
}

func TestLogoutDuringReauthentication(t *testing.T) {
	bubble(t, nil, func(t *testing.T, r rig) {
		r.server.set(granting(integer(rfc2865.SessionTimeout_Type, 60), integer(rfc2865.TerminationAction_Type, 1)))
		login(t, r)
		r.server.set(func(*radius.Packet) *radius.Packet { return nil })
		pass(61 * time.Second)
		require.True(t, r.Logout(mac))
		require.False(t, r.Logout(mac))
		r.server.set(nil)
		pass(time.Minute)
		records := r.server.records(t)
		last := records[len(records)-1]
		require.Equal(t, rfc2866.AcctTerminateCause_Value_UserRequest, rfc2866.AcctTerminateCause_Get(last))
	})
}

func TestAuthenticationRetransmitsTheSameDatagram(t *testing.T) {
	bubble(t, nil, func(t *testing.T, r rig) {
		r.server.set(func(*radius.Packet) *radius.Packet { return nil })
		started := time.Now()
		_, err := r.Login(t.Context(), visitor())
		require.ErrorIs(t, err, ErrNoAnswer)
		require.Equal(t, 7*time.Second, time.Since(started))
		var sent [][]byte
		for _, b := range r.server.datagrams() {
			if b[0] == byte(radius.CodeAccessRequest) {
				sent = append(sent, b)
			}
		}
		require.Len(t, sent, 3)
		require.Equal(t, sent[0], sent[1])
		require.Equal(t, sent[0], sent[2])
	})
}

func TestAccountingRetransmitsUnderANewIdentifier(t *testing.T) {
	bubble(t, nil, func(t *testing.T, r rig) {
		login(t, r)
		synctest.Wait()
		before := len(r.server.records(t))
		r.server.set(func(*radius.Packet) *radius.Packet { return nil })
		r.Logout(mac)
		pass(10 * time.Second)
		r.server.set(nil)
		pass(10 * time.Second)
		stops := r.server.records(t)[before:]
		require.Len(t, stops, 5, "at 0, 1, 3, 7 and 15 s")
		identifiers := map[byte]bool{}
		for i, delay := range []uint32{0, 1, 3, 7, 15} {
			require.Equal(t, delay, number(stops[i], rfc2866.AcctDelayTime_Type))
			identifiers[stops[i].Identifier] = true
		}
		require.Len(t, identifiers, 5)
	})
}

func TestAccountingIsLostAfterTheLastTry(t *testing.T) {
	bubble(t, func(c *Config) { c.AcctTries = 2 }, func(t *testing.T, r rig) {
		login(t, r)
		synctest.Wait()
		r.server.set(func(*radius.Packet) *radius.Packet { return nil })
		r.Logout(mac)
		lost, err := r.WaitEvent(t.Context(), 0, func(e Event) bool { return e.Kind == EventLost })
		require.NoError(t, err)
		require.Equal(t, "Stop: "+ErrNoAnswer.Error(), lost.Note)
	})
}

func TestRebootReusesSessionIDs(t *testing.T) {
	bubble(t, nil, func(t *testing.T, r rig) {
		first := login(t, r).AcctSessionID
		require.NoError(t, r.Reboot())
		require.Empty(t, r.Online())
		require.NoError(t, r.WaitOffline(t.Context(), mac))
		require.Equal(t, first, login(t, r).AcctSessionID)
		synctest.Wait()
		require.Equal(t, []string{"Accounting-On", "Start", "Accounting-On", "Start"}, statuses(r.server.records(t)))
	})
}

func TestNobodyIsLetInBeforeAccountingOn(t *testing.T) {
	bubble(t, nil, func(t *testing.T, r rig) {
		r.server.set(func(p *radius.Packet) *radius.Packet {
			if p.Code == radius.CodeAccountingRequest {
				return nil
			}
			return judge(p)
		})
		require.NoError(t, r.Reboot())
		began := time.Now()
		login(t, r)
		require.Equal(t, time.Second, time.Since(began), "unless accounting is down")

		r.server.set(nil)
		require.NoError(t, r.Reboot())
		began = time.Now()
		login(t, r)
		require.Zero(t, time.Since(began))
	})
}

func TestALoginOverARebootOpensNothing(t *testing.T) {
	bubble(t, nil, func(t *testing.T, r rig) {
		r.server.set(func(*radius.Packet) *radius.Packet { return nil })
		result := make(chan error)
		go func() {
			_, err := r.Login(t.Context(), visitor())
			result <- err
		}()
		synctest.Wait()
		require.NoError(t, r.Reboot())
		r.server.set(nil)
		require.ErrorIs(t, <-result, ErrStopped)
		require.Empty(t, r.Online())
	})
}

func TestStopAndStartAgain(t *testing.T) {
	bubble(t, nil, func(t *testing.T, r rig) {
		login(t, r)
		address := r.DASAddr()
		r.Stop()
		r.Stop()
		require.Empty(t, r.Online())
		require.ErrorIs(t, r.Reboot(), ErrStopped)
		require.NoError(t, r.Start(t.Context()))
		require.NoError(t, r.Start(t.Context()))
		require.Equal(t, address, r.DASAddr())
		login(t, r)
	})
}

func TestSecondLoginOfADeviceReplacesItsSession(t *testing.T) {
	bubble(t, nil, func(t *testing.T, r rig) {
		login(t, r)
		second := login(t, r).AcctSessionID
		synctest.Wait()
		require.Len(t, r.Online(), 1)
		require.Equal(t, second, r.Online()[0].AcctSessionID)
		require.Equal(t, []string{"Accounting-On", "Start", "Stop", "Start"}, statuses(r.server.records(t)))
	})
}

func TestWithoutAccountingNothingIsSent(t *testing.T) {
	bubble(t, func(c *Config) { c.SendAccounting, c.Interim = false, time.Second }, func(t *testing.T, r rig) {
		login(t, r)
		pass(time.Minute)
		r.Logout(mac)
		require.Empty(t, r.server.records(t))
	})
}

func TestTheLogIsBounded(t *testing.T) {
	bubble(t, nil, func(t *testing.T, r rig) {
		for range maxEvents + 10 {
			r.journal.add(Event{Kind: EventDropped})
		}
		events := r.Events(0)
		require.LessOrEqual(t, len(events), maxEvents)
		last := events[len(events)-1]
		require.Equal(t, last.Seq-events[0].Seq+1, uint64(len(events)), "no gaps")
		require.Empty(t, r.Events(last.Seq))
	})
}
