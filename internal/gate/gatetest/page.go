package gatetest

import (
	"html"
	"net/url"
	"regexp"
)

var (
	formTag  = regexp.MustCompile(`<form name="onward" method="get" action="([^"]*)">`)
	inputTag = regexp.MustCompile(`<input type="hidden" name="([^"]*)"(?: value="([^"]*)")?>`)
)

// sent is what a browser makes of a page of ours that a device has filled in: it sends
// the form, whose fields replace the query of its address.
func sent(page string) *url.URL {
	found := formTag.FindStringSubmatch(page)
	if found == nil {
		panic("gatetest: the page has no form")
	}
	to := must(html.UnescapeString(found[1]))
	var fields []Field
	for _, input := range inputTag.FindAllStringSubmatch(page, -1) {
		fields = append(fields, Field{Name: html.UnescapeString(input[1]), Value: html.UnescapeString(input[2])})
	}
	to.RawQuery = encode(fields)
	return to
}
