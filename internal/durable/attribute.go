package durable

import (
	"context"
	"fmt"

	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/operatorservice/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"
	"google.golang.org/grpc/codes"
)

// The search attributes of a visit's workflow. Temporal keeps them in clear, so
// they hold an id, a status and an instant and nothing else.
var (
	SiteID      = temporal.NewSearchAttributeKeyKeyword("SiteId")
	VisitStatus = temporal.NewSearchAttributeKeyKeyword("VisitStatus")
	DepartsAt   = temporal.NewSearchAttributeKeyTime("DepartsAt")
)

func searchAttributes() map[string]enums.IndexedValueType {
	types := map[string]enums.IndexedValueType{}
	for _, key := range []temporal.SearchAttributeKey{SiteID, VisitStatus, DepartsAt} {
		types[key.GetName()] = key.GetValueType()
	}
	return types
}

// RegisterSearchAttributes adds those that the namespace lacks and waits until they
// can be searched for. Repeating it, also from several processes at once, is fine.
// An attribute of the right name and another type is an error: Temporal cannot
// change it. It gives up when ctx ends.
func RegisterSearchAttributes(ctx context.Context, c client.Client, namespace string) error {
	missing, err := missingAttributes(ctx, c, namespace)
	if err != nil {
		return err
	}
	if len(missing) > 0 {
		_, err = c.OperatorService().AddSearchAttributes(ctx, &operatorservice.AddSearchAttributesRequest{
			Namespace: namespace, SearchAttributes: missing,
		})
		if err != nil && code(err) != codes.AlreadyExists {
			return fmt.Errorf("durable: add search attributes: %w", err)
		}
	}
	// A query that names an attribute is refused as invalid until it is known.
	const query = `SiteId = "none" AND VisitStatus = "none" AND DepartsAt > "2000-01-01T00:00:00Z"`
	return poll(ctx, "search attributes", func(ctx context.Context) error {
		return count(ctx, c, namespace, query)
	}, codes.InvalidArgument, codes.NotFound)
}

func missingAttributes(ctx context.Context, c client.Client, namespace string) (map[string]enums.IndexedValueType, error) {
	known, err := c.OperatorService().ListSearchAttributes(ctx, &operatorservice.ListSearchAttributesRequest{Namespace: namespace})
	if err != nil {
		return nil, fmt.Errorf("durable: list search attributes: %w", err)
	}
	missing := searchAttributes()
	for name, want := range searchAttributes() {
		have, ok := known.GetCustomAttributes()[name]
		if ok && have != want {
			return nil, fmt.Errorf("durable: search attribute %s exists as %s, want %s", name, have, want)
		}
		if ok {
			delete(missing, name)
		}
	}
	return missing, nil
}
