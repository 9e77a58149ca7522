/** Object identifiers of the operations and controls that this server knows. */
export const Oid = {
  startTls: '1.3.6.1.4.1.1466.20037',
  whoAmI: '1.3.6.1.4.1.4203.1.11.3',
  noticeOfDisconnection: '1.3.6.1.4.1.1466.20036',
  allOperationalAttributes: '1.3.6.1.4.1.4203.1.5.1',
  manageDsaIt: '2.16.840.1.113730.3.4.2',
  matchBitAnd: '1.2.840.113556.1.4.803',
  matchBitOr: '1.2.840.113556.1.4.804',
} as const
