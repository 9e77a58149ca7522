import type { DeploymentRecord } from '#schema/deployment/status.ts'

/** What is kept of an outpost that runs this image: nothing is wrong with it, unless it is said. */
export function recordOfImage(outpost: string, image: string, more: Partial<DeploymentRecord> = {}): DeploymentRecord {
  return {
    outpost,
    outpost_name: outpost,
    connection: 'c',
    inventory: [],
    objects: [],
    image,
    previous_image: '',
    rejected_image: '',
    rejected_why: '',
    rollout: '',
    error: '',
    reconciled: '2026-01-01T00:00:00.000Z',
    ...more,
  }
}
