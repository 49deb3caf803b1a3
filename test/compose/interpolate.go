package compose

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
)

// variable matches an escaped dollar, ${NAME}, ${NAME:-default},
// ${NAME:?message} and $NAME.
var variable = regexp.MustCompile(`\$\$|\$\{([A-Za-z_]\w*)(?:(:[-?])([^}]*))?\}|\$([A-Za-z_]\w*)`)

// interpolate replaces variables in all strings of a document. Keys stay.
func interpolate(value any, env map[string]string) (any, error) {
	switch value := value.(type) {
	case string:
		return expand(value, env)
	case []any:
		filled := make([]any, len(value))
		for i, element := range value {
			var err error
			if filled[i], err = interpolate(element, env); err != nil {
				return nil, err
			}
		}
		return filled, nil
	case map[string]any:
		filled := make(map[string]any, len(value))
		for _, key := range slices.Sorted(maps.Keys(value)) {
			var err error
			if filled[key], err = interpolate(value[key], env); err != nil {
				return nil, err
			}
		}
		return filled, nil
	default:
		return value, nil
	}
}

func expand(text string, env map[string]string) (string, error) {
	var missing []error
	filled := variable.ReplaceAllStringFunc(text, func(match string) string {
		if match == "$$" {
			return "$"
		}
		parts := variable.FindStringSubmatch(match)
		name, operator, argument := parts[1]+parts[4], parts[2], parts[3]
		value := env[name]
		switch {
		case value == "" && operator == ":-":
			return argument
		case value == "" && operator == ":?":
			missing = append(missing, fmt.Errorf("required variable %s is missing a value: %s", name, argument))
		}
		return value
	})
	return filled, errors.Join(missing...)
}

// Required lists the variables a text cannot do without.
func Required(text string) []string {
	var names []string
	for _, parts := range variable.FindAllStringSubmatch(text, -1) {
		if parts[2] == ":?" {
			names = append(names, parts[1])
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}
