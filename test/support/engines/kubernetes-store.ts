/** Written by the cluster itself, whatever else there is. */
const ITS_OWN = /^\/registry\/(?:events|leases|masterleases|ranges|apiregistration\.k8s\.io)\//
const FIRST = '/registry/'
/** The one right behind. */
const END = '/registry0'

/** What an API server has stored, past all that refuses or delays a deletion (etcd's gRPC gateway, `v3/kv`). */
export class ClusterStore {
  readonly #url: string

  constructor(url: string) {
    this.#url = url
  }

  /** The key of every object. */
  async keys(): Promise<readonly string[]> {
    const { kvs = [] } = await this.#call('range', { key: FIRST, range_end: END }, { keys_only: true })
    return kvs
      .map(({ key }: { key: string }) => Buffer.from(key, 'base64').toString())
      .filter((key: string) => !ITS_OWN.test(key))
  }

  async remove(key: string): Promise<void> {
    await this.#call('deleterange', { key })
  }

  async #call(what: string, keys: Readonly<Record<string, string>>, more: object = {}): Promise<any> {
    const encoded = Object.entries(keys).map(([name, key]) => [name, Buffer.from(key).toString('base64')])
    const answer = await fetch(`${this.#url}/v3/kv/${what}`, {
      method: 'POST',
      body: JSON.stringify({ ...Object.fromEntries(encoded), ...more }),
    })
    if (!answer.ok) throw new Error(`etcd answered ${answer.status}: ${await answer.text()}`)
    return await answer.json()
  }
}
