import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { allowedExternalUrl } from '../../main/desktop/navigation.ts';

const local = 'https://localhost:9443';

describe('addresses that the system browser may be sent to', () => {
  test.each([
    ['https://login.microsoft.com/device', 'https://login.microsoft.com/device'],
    ['https://microsoft.com/devicelogin', 'https://microsoft.com/devicelogin'],
    ['https://www.microsoft.com/devicelogin/', 'https://www.microsoft.com/devicelogin/'],
    ['https://microsoft.com/deviceloginus', 'https://microsoft.com/deviceloginus'],
    ['https://microsoft.com/deviceloginchina', 'https://microsoft.com/deviceloginchina'],
    [
      'https://login.microsoftonline.us/common/oauth2/deviceauth',
      'https://login.microsoftonline.us/common/oauth2/deviceauth',
    ],
    ['https://login.partner.microsoftonline.cn/device', 'https://login.partner.microsoftonline.cn/device'],
    ['HTTPS://LOGIN.MICROSOFT.COM:443/device', 'https://login.microsoft.com/device'],
    ['https://login.microsoft.com\\device', 'https://login.microsoft.com/device'],
    ['https://aka.ms/devicelogin', 'https://aka.ms/devicelogin'],
  ])('%s', (address, opened) => {
    expect(allowedExternalUrl(address)).toBe(opened);
  });

  test.each([
    'http://login.microsoft.com/device',
    'https://login.microsoft.com:8443/device',
    'https://login.microsoft.com.evil.example/device',
    'https://evil.example/login.microsoft.com',
    'https://login.microsoft.com@evil.example/device',
    'https://user@login.microsoft.com/device',
    'https://user:pass@login.microsoft.com/device',
    'https://evil.example#login.microsoft.com',
    'https://evil.example\\@login.microsoft.com/',
    'https://login.microsoft.com%2eevil.example/device',
    'https://loginxmicrosoft.com/device',
    'https://lоgin.microsoft.com/device',
    'https://microsoft.com/en-us/redirect?to=https://evil.example',
    'https://microsoft.com/devicelogin/../redirect',
    'https://aka.ms/anything',
    'https://aka.ms/devicelogin/../x',
    'file:///etc/passwd',
    'javascript:alert(1)//login.microsoft.com',
    'data:text/html,login.microsoft.com',
    'ms-settings:',
    'smb://login.microsoft.com/share',
    '//login.microsoft.com/device',
    'login.microsoft.com/device',
    '',
    'https://constructor/',
    'https://__proto__/',
    `${local}/device`,
  ])('refuses %s', (address) => {
    expect(allowedExternalUrl(address)).toBeUndefined();
  });

  test('of a local tenant exactly its own origin', () => {
    expect(allowedExternalUrl(`${local}/device?x=1`, local)).toBe(`${local}/device?x=1`);
    for (const other of [
      'http://localhost:9443/device',
      'https://localhost:9444/device',
      'https://localhost/device',
      'https://127.0.0.1:9443/device',
      'https://localhost:9443@evil.example/',
      'https://evil.example/?https://localhost:9443',
    ]) {
      expect(allowedExternalUrl(other, local)).toBeUndefined();
    }
  });

  test('whatever is allowed leads to one of the hosts, over https, without credentials', () => {
    const hosts = [
      'login.microsoft.com',
      'login.microsoftonline.com',
      'microsoft.com',
      'www.microsoft.com',
      'aka.ms',
    ];
    const piece = fc.oneof(
      fc.constantFrom(
        ...hosts,
        'evil.example',
        '@',
        ':',
        '/',
        '\\',
        '?',
        '#',
        '.',
        '%2e',
        '%00',
        ' ',
        '\t',
        '//',
        '443',
      ),
      fc.string({ maxLength: 4 }),
    );
    const address = fc
      .tuple(fc.constantFrom('https://', 'http://', 'https:', 'https:/\\'), fc.array(piece, { maxLength: 6 }))
      .map(([scheme, rest]) => scheme + rest.join(''));
    let allowed = 0;
    fc.assert(
      fc.property(address, (text) => {
        const url = allowedExternalUrl(text);
        if (url === undefined) return;
        allowed += 1;
        expect(url).toMatch(
          /^https:\/\/(login\.microsoft\.com|login\.microsoftonline\.com|(www\.)?microsoft\.com|aka\.ms)\//,
        );
        expect(new URL(url).username).toBe('');
      }),
      { numRuns: 20_000 },
    );
    expect(allowed).toBeGreaterThan(0);
  });
});
