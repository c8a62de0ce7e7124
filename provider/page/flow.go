package page

import (
	"github.com/gin-gonic/gin"

	"github.com/postern-id/postern/storage"
)

// DevicePath is the path, below the issuer, of the page where people type the user code of a device (RFC 8628 section 3.3).
const DevicePath = "/device"

// DeviceField is a field of the frozen request of a flow that belongs to a device and continues at [DevicePath]. No client can send it, because
// authorization requests are frozen without it.
const DeviceField = "device"

// ToFlow redirects the browser to the page at url that continues a flow.
func ToFlow(c *gin.Context, url, flowID string) error {
	return SeeOther(c, url+"?flow="+flowID)
}

// QuestionURL returns the URL of a page that asks the person who is signed in whether a client may have access. Its parameter shown ties the person's
// answer to this sign-in and this access.
func QuestionURL(store *storage.Store, url string, flow storage.Flow, asked storage.Access, s storage.SignIn) string {
	return url + "?flow=" + flow.ID + "&shown=" + asked.FormKey(store, s, flow)
}
