// Package crm hands visits to customers' CRMs: HubSpot, Salesforce, Dynamics 365
// (Dataverse) and Pipedrive, one thin client each behind [Client].
//
// # Once
//
// A visit is handed over by several calls, any of which may be cut off after the
// CRM has written and before its answer is here. So every write is keyed by
// something that is the same the next time:
//
//	HubSpot     contact by e-mail, meeting by a unique property, both upserted
//	Salesforce  contact and event by external ids, upserted in one composite call
//	Dynamics    ids of records are chosen by us: UUIDv5 of address and visit
//	Pipedrive   has no keys: what exists is looked for, in lists that do not lag
//
// and the ids that came back are noted ([Memory]) before the next call. A
// visitor's key is made of the e-mail address, so that one person is one contact.
//
// # Failures
//
// Errors are [visit.Error] values. KindLimited and KindUnavailable are worth
// repeating, with RetryAfter where the CRM named a time; all others are final:
// somebody has to mend something, and the code says what. Each vendor's words are
// understood in one place, the function that its caller reads refusals with. Errors
// quote nothing of a request or an answer, which may be personal.
//
// An answer is read up to 1 MB, must be JSON where JSON is due, and is checked for
// what is taken from it. A call may take 15 s. Redirects are not followed: they
// would carry the credentials elsewhere.
package crm
