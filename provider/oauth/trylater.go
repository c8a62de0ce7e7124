package oauth

import (
	"errors"
	"math"
	"strconv"
	"time"
)

// waitError is the cause of a refusal after too many requests: the time until another one is allowed.
type waitError time.Duration

func (e waitError) Error() string { return "allowed again in " + time.Duration(e).String() }

// TryLater returns the refusal of one request too many (RFC 6585 section 4), with an error code, a description, and the time until another one is
// allowed.
func TryLater(code, description string, wait time.Duration) *Refusal {
	refusal := Refuse(TooMany).Saying(description).Because(waitError(wait))
	refusal.Code = code
	return refusal
}

// IsTryLater reports whether [TryLater] has made an error.
func IsTryLater(err error) bool { return errors.As(err, new(waitError)) }

// RetryAfter returns the value of the header Retry-After for an error of [TryLater]: whole seconds, at least one.
func RetryAfter(err error) string {
	wait := waitError(time.Minute)
	errors.As(err, &wait)
	return strconv.Itoa(int(max(1, math.Ceil(time.Duration(wait).Seconds()))))
}
