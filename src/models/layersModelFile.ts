/** The largest text that is read as a model's topology; beyond it a file is data, not a description. */
export const topologyLimit = 8 * 1024 * 1024;

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const configOf = (topology: Record<string, unknown>): Record<string, unknown> =>
  isRecord(topology['model_config']) ? topology['model_config'] : topology;

/**
 * The class of the layers-model that a JSON text describes (`Sequential`, `Functional`, …); null for any other text:
 * a graph-model, a bare topology without weights, or something else altogether.
 */
export const layersModelClass = (text: string): string | null => {
  if (text.length > topologyLimit || !text.includes('"modelTopology"') || !text.includes('"weightsManifest"'))
    return null;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return null;
  }
  if (!isRecord(value) || !Array.isArray(value['weightsManifest']) || !isRecord(value['modelTopology']))
    return null;
  if (value['format'] !== undefined && value['format'] !== 'layers-model') return null;
  const config = configOf(value['modelTopology']);
  return typeof config['class_name'] === 'string' && 'config' in config ? config['class_name'] : null;
};
