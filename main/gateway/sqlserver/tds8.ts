/** The name of TDS 8.0 in ALPN (RFC 7301): [MS-TDS] 3.1. */
export const applicationProtocol = 'tds/8.0';
