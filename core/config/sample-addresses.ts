import { SettingsReader, type SettingsSource } from '#schema/kernel/settings.ts'

/** Where the sample content points to: the sample application, the proxy outpost, and the reverse proxy of the README. */
export interface SampleSettings {
  readonly internal: string
  readonly proxyPort: number
  readonly forwardUrl: string
}

export function readSampleAddresses(source: SettingsSource): SampleSettings {
  const settings = new SettingsReader(source)
  return {
    internal: `http://127.0.0.1:${settings.listen('sample_listen', '127.0.0.1:9081').port}`,
    proxyPort: settings.listen('local.proxy_http', '127.0.0.1:9080').port,
    forwardUrl: settings.text('sample_forward_url', 'http://forward.localhost:8080'),
  }
}
