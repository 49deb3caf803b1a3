package main

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// percentile of samples that need not be sorted; 0 of none.
func percentile(samples []time.Duration, p float64) time.Duration {
	if len(samples) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(samples))
	return sorted[min(len(sorted)-1, int(p*float64(len(sorted))))]
}

// ms writes a duration in milliseconds.
func ms(d time.Duration) string {
	v := float64(d) / float64(time.Millisecond)
	if v > -10 && v < 10 {
		return fmt.Sprintf("%.1f", v)
	}
	return fmt.Sprintf("%.0f", v)
}

// spread is "p50 / p99" in milliseconds.
func spread(samples []time.Duration) string {
	return ms(percentile(samples, 0.5)) + " / " + ms(percentile(samples, 0.99))
}

// mb writes bytes in mebibytes.
func mb(bytes int64) string { return fmt.Sprintf("%.0f", float64(bytes)/(1<<20)) }

// kb writes bytes in kibibytes.
func kb(bytes float64) string { return fmt.Sprintf("%.1f", bytes/(1<<10)) }

// row prints a row of a Markdown table.
func row(cells ...string) { fmt.Println("| " + strings.Join(cells, " | ") + " |") }

// head prints the head of a Markdown table.
func head(cells ...string) {
	row(cells...)
	fmt.Println("|" + strings.Repeat(" --- |", len(cells)))
}
