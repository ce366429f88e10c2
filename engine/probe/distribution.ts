/**
 * Each channel's softmax over positions at temperature 1, as channel-wise distillation sees a map (Shu et al. 2021,
 * equation 2). `values` is [positions, channels]; a channel with a value that is not a number becomes NaN.
 */
export const channelDistribution = (values: Float32Array, channels: number): Float32Array => {
  const result = new Float32Array(values.length);
  for (let channel = 0; channel < channels; channel++) {
    let greatest = -Infinity;
    for (let index = channel; index < values.length; index += channels) {
      greatest = Math.max(greatest, values[index] as number);
    }
    let sum = 0;
    for (let index = channel; index < values.length; index += channels) {
      sum += Math.exp((values[index] as number) - greatest);
    }
    for (let index = channel; index < values.length; index += channels) {
      result[index] = Math.exp((values[index] as number) - greatest) / sum;
    }
  }
  return result;
};
