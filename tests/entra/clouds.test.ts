import { describe, expect, it } from 'vitest';
import { clouds, isVerificationPage, localCloud } from '../../main/entra/clouds.ts';
import { directoryAddress, type AzureDirectorySettings } from '../../main/entra/directory-settings.ts';

const tenantId = '8d3f6a4e-52d1-4f0c-9a77-0d4b8f9f6d11';
const settings: AzureDirectorySettings = {
  name: 'work',
  cloud: 'global',
  authority: `https://login.microsoftonline.com/${tenantId}`,
  tenant: tenantId,
  applicationId: '1b4e28ba-2fa1-4d3c-8f00-d3b7a1c0e5f2',
  graph: 'https://graph.microsoft.com',
};

describe('pages for a device code', () => {
  it.each([
    ['global', 'https://microsoft.com/devicelogin'],
    ['global', 'https://www.microsoft.com/devicelogin'],
    ['global', 'https://login.microsoft.com/device'],
    ['global', 'https://login.microsoftonline.com/common/oauth2/deviceauth'],
    ['us-government', 'https://microsoft.com/deviceloginus'],
    ['us-government-dod', 'https://login.microsoftonline.us/device'],
    ['china', 'https://microsoft.com/deviceloginchina'],
    ['china', 'https://login.partner.microsoftonline.cn/device'],
  ] as const)('%s: %s is allowed', (cloud, uri) => {
    expect(isVerificationPage(uri, clouds[cloud].verificationPages)).toBe(true);
  });

  it.each([
    'http://microsoft.com/devicelogin',
    'https://microsoft.com/devicelogin-evil',
    'https://microsoft.com/en-us/download',
    'https://microsoft.com:8443/devicelogin',
    'https://microsoft.com.evil.example/devicelogin',
    'https://evil.example/devicelogin?https://microsoft.com/devicelogin',
    'https://microsoft.com@evil.example/devicelogin',
    'https://user@microsoft.com/devicelogin',
    'https://login.microsoftonline.com/device?redirect=https://evil.example',
    'https://login.microsoftonline.com/device#x',
    'https://aka.ms/devicelogin',
    'https://microsoft.com/deviceloginchina',
    'javascript:alert(1)',
    'microsoft.com/devicelogin',
    '',
  ])('global: %s is refused', (uri) => {
    expect(isVerificationPage(uri, clouds.global.verificationPages)).toBe(false);
  });

  it('allows a local tenant its own origin and no other port', () => {
    const { verificationPages } = localCloud('https://localhost:5001', 'https://localhost:5002');
    expect(isVerificationPage('https://localhost:5001/device', verificationPages)).toBe(true);
    expect(isVerificationPage('https://localhost:5002/device', verificationPages)).toBe(false);
    expect(isVerificationPage('https://microsoft.com/devicelogin', verificationPages)).toBe(false);
  });
});

describe('where a provider is', () => {
  it('takes a tenant by id and by domain', () => {
    expect(directoryAddress(settings).tenant).toBe(tenantId);
    const byDomain = {
      ...settings,
      authority: 'https://login.microsoftonline.com/Contoso.example',
      tenant: 'Contoso.example',
    };
    expect(directoryAddress(byDomain).tenant).toBe('contoso.example');
  });

  it.each(['common', 'organizations', 'consumers', 'Common'])('refuses the shared endpoint %s', (tenant) => {
    const shared = { ...settings, authority: `https://login.microsoftonline.com/${tenant}`, tenant };
    expect(() => directoryAddress(shared)).toThrow(expect.objectContaining({ code: 'config-invalid' }));
  });

  it.each([
    [{ authority: 'https://login.microsoftonline.us' }],
    [{ authority: 'https://login.microsoftonline.com.evil.example' }],
    [{ authority: 'http://login.microsoftonline.com' }],
    [{ authority: 'https://login.microsoftonline.com/another.example' }],
    [{ graph: 'https://graph.microsoft.us' }],
    [{ graph: 'https://evil.example' }],
    [{ tenant: 'nonsense' }],
    [{ cloud: 'china' }],
    [{ cloud: 'local' }],
  ] as Partial<AzureDirectorySettings>[][])('refuses %j', (change) => {
    expect(() => directoryAddress({ ...settings, ...change })).toThrow(
      expect.objectContaining({ code: 'config-invalid', remedy: expect.stringMatching(/\S/) as string }),
    );
  });

  it('accepts a local tenant on loopback only', () => {
    const local = {
      ...settings,
      cloud: 'local',
      authority: `https://localhost:5001/${tenantId}`,
      graph: 'https://127.0.0.1:5002',
    } as const;
    expect(directoryAddress(local).cloud.graph).toBe('https://127.0.0.1:5002');
    expect(() => directoryAddress({ ...local, graph: 'https://192.0.2.1:5002' })).toThrow(
      /must be a loopback address/,
    );
  });
});
