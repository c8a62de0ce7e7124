package client

// SelfMembers and OperatorMembers let the tests look whether every member is in one of them.
var (
	SelfMembers     = selfMembers
	OperatorMembers = operatorMembers
)
