/** Packet codes (RFC 2865 §4, RFC 2866, RFC 5176, RFC 5997). */
export const Code = {
  AccessRequest: 1,
  AccessAccept: 2,
  AccessReject: 3,
  AccountingRequest: 4,
  AccountingResponse: 5,
  AccessChallenge: 11,
  StatusServer: 12,
  DisconnectRequest: 40,
  CoaRequest: 43,
} as const

/** Attribute types (RFC 2865 §5, RFC 2869 §5, RFC 3579 §3). */
export const AttributeType = {
  UserName: 1,
  UserPassword: 2,
  ChapPassword: 3,
  NasIpAddress: 4,
  ReplyMessage: 18,
  State: 24,
  VendorSpecific: 26,
  NasIdentifier: 32,
  ProxyState: 33,
  ChapChallenge: 60,
  EapMessage: 79,
  MessageAuthenticator: 80,
} as const

/** Vendor id of Microsoft and the vendor types that carry an MS-CHAP answer (RFC 2548 §2). */
export const Microsoft = {
  vendor: 311,
  ChapResponse: 1,
  ChapChallenge: 11,
  Chap2Response: 25,
} as const
