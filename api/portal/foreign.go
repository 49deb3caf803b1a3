package portal

// foreign reports whether a page of somebody else's sent the form. It could log its
// reader's browser in as somebody of its own choice, who it would be known as from then
// on. Forms of ours say no Origin, for their page keeps its address to itself; programs
// and gateways send no Sec-Fetch-Site at all.
func (q *request) foreign() bool {
	switch q.r.Header.Get("Sec-Fetch-Site") {
	case "cross-site", "same-site":
		return true
	}
	return false
}
