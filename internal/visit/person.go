package visit

import "strings"

// Normalize trims what is said of a person and checks it as a registration is
// checked. It returns KindInvalid errors that name the field.
func (v Visitor) Normalize() (Visitor, error) {
	for _, s := range []*string{&v.FirstName, &v.LastName, &v.Email, &v.Phone, &v.Company} {
		*s = strings.TrimSpace(*s)
	}
	if v.FirstName == "" && v.LastName == "" {
		return v, Invalid("visitor.last_name", "A visitor needs a name.")
	}
	return v, Registration{Visitor: v}.checkTexts()
}
