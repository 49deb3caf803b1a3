package api

import "github.com/foyerhq/foyer/internal/auth"

// rollRoutes are about roll codes: batches of printed codes, each good for a time from
// its first use.
func (s *Server) rollRoutes() {
	const list = "/api/v1/sites/{site}/zones"
	const zone, rolls, one = list + "/{zone}", list + "/{zone}/rolls", list + "/{zone}/rolls/{roll}"

	route(s, "POST "+list, auth.RollsWrite, "Add a zone of roll codes", s.createZone, status(201))
	route(s, "GET "+list, auth.RollsRead, "List a site's zones", s.listZones)
	route(s, "POST "+list+"/keys", auth.RollsWrite, "Propose a key pair for a compatible zone; nothing is stored", s.proposeKeys)
	route(s, "GET "+zone, auth.RollsRead, "Read a zone", s.readZone)
	route(s, "PATCH "+zone, auth.RollsWrite, "Change a zone", s.changeZone,
		about("What ends codes must be meant: retire: true. See preview."))
	route(s, "DELETE "+zone, auth.RollsWrite, "Delete a zone; all its codes end at once", s.deleteZone, status(204))
	route(s, "POST "+zone+"/preview", auth.RollsWrite, "Count the codes that a change of a zone would end", s.previewZone)

	route(s, "POST "+zone+"/peers", auth.RollsWrite, "Name another deployment with the same zone, to which all of it is sent", s.addPeer, status(201),
		about("Both name each other. What they did while they could not see each other comes together without loss."))
	route(s, "GET "+zone+"/peers", auth.RollsRead, "List a zone's peers, and whether they follow", s.listPeers)
	route(s, "DELETE "+zone+"/peers/{peer}", auth.RollsWrite, "Send nothing more to a peer", s.deletePeer, status(204))
	route(s, "POST "+zone+"/sync", auth.RollsSync, "Merge what a peer says of a zone; for peers", s.syncZone, large,
		about("The zone is made if there is none. What is known already changes nothing and is passed on to nobody."))

	route(s, "POST "+rolls, auth.RollsMake, "Make a roll", s.createRoll, status(201),
		about("Long codes are drawn; compatible ones begin behind all that were ever printed under the number."))
	route(s, "GET "+rolls, auth.RollsRead, "List a zone's rolls with their utilisation", s.listRolls)
	route(s, "GET "+one, auth.RollsRead, "Read a roll", s.readRoll)
	route(s, "PATCH "+one, auth.RollsWrite, "Change a roll", s.changeRoll,
		about("Another number or count ends all its codes, which must be meant (retire: true), and makes another roll, which is answered."))
	route(s, "DELETE "+one, auth.RollsWrite, "Delete a roll; its codes are never accepted again", s.deleteRoll, status(204), also(409))
	route(s, "POST "+one+"/preview", auth.RollsWrite, "Count the codes that a change of a roll would end", s.previewRoll)
	route(s, "GET "+one+"/codes", auth.RollsPrint, "Codes of a roll, for a sheet; audited", s.printCodes, also(409, 410))
	route(s, "GET "+one+"/codes.csv", auth.RollsPrint, "Codes of a roll as a file; audited", s.printCodesFile, csvFile, also(409, 410))
	route(s, "POST "+one+"/sell", auth.RollsSell, "Mark tickets as sold, for good", s.sellCodes)

	route(s, "POST "+zone+"/test", auth.RollsTest, "Explain codes; none is used", s.testCodes)
	route(s, "POST "+zone+"/expire", auth.RollsExpire, "Expire codes, before or during use", s.expireCodes, large,
		about("Codes in use are cut at once. Lines that are no codes are passed over and said."))
	route(s, "GET "+zone+"/active", auth.RollsRead, "List codes in use, the next to end first", s.activeCodes)
}
