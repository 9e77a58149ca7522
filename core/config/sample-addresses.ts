import { addressText, reachableAddress } from '#schema/kernel/listen-address.ts'
import type { SettingsReader } from '#schema/kernel/settings.ts'

/** Where the sample content points to: the sample application, the proxy outpost, and the reverse proxy of the README. */
export interface SampleSettings {
  readonly internal: string
  readonly proxyPort: number
  readonly forwardUrl: string
}

/** Reads them from settings that `npm start` has too, with the same defaults; problems are the reader's. */
export function readSampleAddresses(settings: SettingsReader): SampleSettings {
  const forward = settings.url('sample_forward_url')
  return {
    internal: `http://${addressText(reachableAddress(settings.listen('sample_listen', '127.0.0.1:9081')))}`,
    proxyPort: settings.listen('local.proxy_http', '127.0.0.1:9080').port,
    forwardUrl: forward?.href.replace(/\/$/, '') ?? 'http://forward.localhost:8080',
  }
}
