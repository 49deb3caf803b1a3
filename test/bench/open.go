package main

import (
	"context"
	"fmt"
	"io/fs"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"
)

// measureOpen checks visitors in until many visits are open at the same time, each
// with its row, voucher, grant at the agent, and workflow that waits for the end of
// the day, and weighs what that takes.
func measureOpen(b *bench, p pace) {
	s := startSystem(b, systemOptions{})
	b.pause(p.settleFor / 3)
	before := s.weigh()
	took := s.checkInMany(p.open, func(int) time.Time { return time.Now().Add(textbookStay) })
	b.note("%d open after %s", p.open, took.Round(time.Second))
	b.pause(p.settleFor)
	idle := idleOf(b, s.parts(), p.settleFor)
	after := s.weigh()
	s.b.must(s.allOpen(p.open))

	fmt.Printf("%d visits checked in through the API in %s: %.1f a second.\n\n", p.open, took.Round(time.Second), float64(p.open)/took.Seconds())
	head("", "empty MiB", fmt.Sprintf("with %d open visits MiB", p.open), "KiB a visit")
	for _, name := range weighed {
		grown := float64(after[name]-before[name]) / float64(p.open)
		row(name, mb(before[name]), mb(after[name]), kb(grown))
	}
	fmt.Printf("\n- CPU at rest with %d open visits, in ms a second: worker %.0f, api %.0f, agent %.0f, Foyer's Postgres %.0f, Temporal %.0f\n", p.open,
		idle[partWorker], idle[partAPI], idle[partAgent], idle[partPostgres], idle[partTemporal])
}

const (
	memoryOf     = "memory (RSS) of "
	databaseSize = "Foyer's database"
	temporalSize = "Temporal's file"
)

var weighed = []string{
	memoryOf + partWorker, memoryOf + partAgent, memoryOf + partAPI, memoryOf + partTemporal, databaseSize, temporalSize,
}

// weigh returns sizes in bytes.
func (s *system) weigh() map[string]int64 {
	sizes := map[string]int64{}
	for _, p := range s.parts() {
		sizes[memoryOf+p.name] = residentOf(p.pid)
	}
	var database int64
	s.query(&database, `select pg_database_size('foyer')`)
	sizes[databaseSize] = database
	s.b.must(filepath.WalkDir(filepath.Join(s.Dir, "temporal"), func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || filepath.Ext(path) == ".log" {
			return err
		}
		info, err := entry.Info()
		if err == nil {
			sizes[temporalSize] += info.Size()
		}
		return err
	}))
	return sizes
}

// allOpen makes sure that the figures are about what they say.
func (s *system) allOpen(want int) error {
	var visits, acked int
	s.query(&visits, `select count(*) from visits where status = 'checked_in'`)
	s.query(&acked, `select count(*) from agents a join site_heads h on h.site_id = a.site_id where a.acked_revision = h.revision`)
	if visits != want || acked != 1 {
		return fmt.Errorf("%d of %d visits are open; agents that follow: %d of 1", visits, want, acked)
	}
	return nil
}

// checkInMany checks visitors in as fast as that goes and returns how long it took.
func (s *system) checkInMany(count int, departure func(i int) time.Time) time.Duration {
	ctx, cancel := context.WithCancel(s.b.ctx)
	defer cancel()
	var next atomic.Int64
	var desks sync.WaitGroup
	begun := time.Now()
	for range 24 {
		desks.Go(func() {
			for i := next.Add(1); int(i) <= count && ctx.Err() == nil; i = next.Add(1) {
				if _, err := s.walkIn(ctx, departure(int(i-1))); err != nil {
					s.b.Errorf("check-in %d: %v", i, err)
					cancel()
				}
				if i%1000 == 0 {
					s.b.note("%d checked in, %.1f a second", i, float64(i)/time.Since(begun).Seconds())
				}
			}
		})
	}
	desks.Wait()
	if s.b.Failed() {
		s.b.FailNow()
	}
	return time.Since(begun)
}
