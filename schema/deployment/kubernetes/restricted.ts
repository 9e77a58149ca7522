import type { JsonObject } from '#schema/kernel/deep-merge.ts'

/** Our images run as this user. */
const USER = 1000

/** Of a pod and its containers: within Pod Security "restricted", and nothing of the image can be written to. */
export const RESTRICTED: { readonly pod: JsonObject; readonly container: JsonObject } = {
  pod: {
    runAsNonRoot: true,
    runAsUser: USER,
    runAsGroup: USER,
    seccompProfile: { type: 'RuntimeDefault' },
  },
  container: {
    runAsNonRoot: true,
    allowPrivilegeEscalation: false,
    readOnlyRootFilesystem: true,
    capabilities: { drop: ['ALL'] },
  },
}
