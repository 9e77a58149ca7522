import type { DeployableOutpost } from '#schema/deployment/outpost.ts'
import { addressText } from '#schema/kernel/listen-address.ts'
import type { ListenAddress } from '#schema/kernel/settings.ts'

/** Where outposts of this machine listen, by type. */
export interface LocalListen {
  readonly proxy: { readonly http: ListenAddress; readonly https: ListenAddress; readonly metrics: ListenAddress }
  readonly ldap: { readonly ldap: ListenAddress; readonly ldaps: ListenAddress; readonly metrics: ListenAddress }
  readonly radius: { readonly radius: ListenAddress; readonly metrics: ListenAddress }
}

/** A child process that has to run: what is the same needs no restart. */
export interface DesiredProcess {
  /** The outpost's id: what ties a process to what it is for. */
  readonly key: string
  readonly name: string
  readonly args: readonly string[]
  /** Beside the secret token, which is put in when the process starts. */
  readonly env: Readonly<Record<string, string>>
}

/** The process that serves an outpost on this machine. */
export function desiredProcess(
  { pk, name, type, settings }: DeployableOutpost,
  coreUrl: URL,
  listen: LocalListen,
): DesiredProcess {
  const addresses = Object.entries(listen[type]).map(([socket, address]) => [
    `MARTELLO_LISTEN__${socket.toUpperCase()}`,
    addressText(address),
  ])
  return {
    key: pk,
    name,
    args: [type],
    env: {
      MARTELLO_HOST: coreUrl.href,
      MARTELLO_INSECURE: String(settings.authentik_host_insecure),
      ...(settings.authentik_host_browser === '' ? {} : { MARTELLO_HOST_BROWSER: settings.authentik_host_browser }),
      ...Object.fromEntries(addresses),
    },
  }
}
