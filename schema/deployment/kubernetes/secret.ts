import { isJsonObject } from '#schema/kernel/deep-merge.ts'
import { sha256 } from '#schema/kernel/sha256.ts'
import type { KubernetesObject } from '../desired-object.ts'
import { type Basis, metadata } from './basis.ts'

/** compat: keys and texts of the reference. */
export function secret(basis: Basis): KubernetesObject {
  const { settings } = basis.outpost
  const data = {
    authentik_host: settings.authentik_host,
    authentik_host_insecure: settings.authentik_host_insecure ? 'True' : 'False',
    token: basis.secrets.token,
    authentik_host_browser: settings.authentik_host_browser,
  }
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: metadata(basis),
    type: 'Opaque',
    data: Object.fromEntries(Object.entries(data).map(([key, text]) => [key, base64(text)])),
  }
}

/** Changes with everything that a Secret holds, and tells none of it. */
export function secretChecksum({ data }: KubernetesObject): string {
  const held = isJsonObject(data) ? Object.entries(data).map((entry) => JSON.stringify(entry)) : []
  return sha256(held.sort().join('\n'))
}

/** Of a text's UTF-8 octets. */
export function base64(text: string): string {
  return btoa(Array.from(new TextEncoder().encode(text), (octet) => String.fromCharCode(octet)).join(''))
}
