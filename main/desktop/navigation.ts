import { httpsAddress } from '../contract/https-address.ts';

/**
 * Where device codes are entered, for each Microsoft cloud. The hosts that serve other content too are limited to
 * the path of the verification page, since an open redirect among them would lead anywhere.
 */
const verificationPages: Readonly<Record<string, readonly string[] | 'any path'>> = {
  'login.microsoft.com': 'any path',
  'login.microsoftonline.com': 'any path',
  'login.microsoftonline.us': 'any path',
  'login.partner.microsoftonline.cn': 'any path',
  'login.chinacloudapi.cn': 'any path',
  'microsoft.com': ['/devicelogin', '/deviceloginus', '/deviceloginchina'],
  'www.microsoft.com': ['/devicelogin', '/deviceloginus', '/deviceloginchina'],
  'aka.ms': ['/devicelogin'],
};

/**
 * The address in its normal form if the system browser may be sent there, else undefined. The host is compared whole
 * after parsing, never as text: `https://microsoft.com.evil.example` and `https://microsoft.com@evil.example` are
 * other hosts.
 *
 * @param localTenantOrigin allowed as well, by exact origin (scheme, host and port); https only
 */
export function allowedExternalUrl(address: string, localTenantOrigin?: string): string | undefined {
  let url: URL;
  try {
    url = new URL(httpsAddress(address));
  } catch {
    return undefined;
  }
  if (localTenantOrigin !== undefined && url.origin === localTenantOrigin) return url.href;
  if (url.port !== '' || !Object.hasOwn(verificationPages, url.hostname)) return undefined;
  const paths = verificationPages[url.hostname];
  if (paths === undefined) return undefined;
  if (paths !== 'any path' && !paths.includes(url.pathname.toLowerCase().replace(/\/$/, '')))
    return undefined;
  return url.href;
}
