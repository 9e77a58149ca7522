/** The release of Kubernetes that first had it, of what not every cluster has that people still run. */
const SINCE: Readonly<Record<string, number>> = { 'policy/v1': 21, 'autoscaling/v2': 23 }
/** As people write it and as clusters say it: `1.27`, `v1.27.3`, `1.27+`. */
const VERSION = /^v?1\.(\d{1,3})(?:[.+-][\w.+-]*)?$/

/** Whether a cluster of this version has a group version, as far as that depends on it; undefined when it is no version. */
export function servedBy(version: string): ((apiVersion: string) => boolean) | undefined {
  const minor = VERSION.exec(version)?.[1]
  return minor === undefined ? undefined : (apiVersion) => Number(minor) >= (SINCE[apiVersion] ?? 0)
}
