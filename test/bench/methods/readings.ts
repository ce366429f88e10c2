/**
 * Why a method does no better than the control within the table's budget, as far as its share of the gradient, its curves
 * and its source tell. Printed beside lines that are not better. By the line's id.
 */
export const readings: Readonly<Record<string, string>> = {
  fitnets:
    'The published weight of 100 makes the hint most of the gradient, and a map of 16 channels cannot follow one of 64.',
  at: 'The published 1000 was chosen for deep residual networks; here it outweighs the labels.',
  cwd: 'At its published weight it is a few per cent of the gradient here: neither help nor harm.',
  mgd: 'Its margins and scales leave it a few per cent of the gradient: neither help nor harm.',
  crd: 'Its memory is renewed once an epoch, and ten epochs are few for contrasts that were published with 240.',
  cd: 'Its weight was published for ImageNet; here channel means compete with the labels.',
  zipf: 'Soft labels by rank help where labels are many; ten classes leave little to rank.',
  dml: 'A peer as small and as untrained as the student has little to teach in so short a training.',
  mcl: 'Contrasts within a cohort of two small networks pay in long trainings.',
  lmcl: 'Its many heads take most of the gradient, and have little time to be worth it.',
  'hsakd-online': 'Telling rotations takes most of the gradient of a small network in a short training.',
  mixskd: 'Mixtures and consistency make the task harder: a small, briefly trained network underfits.',
  mfef: 'A cohort of two small networks has little to fuse, and half of the gradient goes into it.',
  cen: 'Exchange helps where channels die; few do in so short a training.',
  'cgan-kd':
    'Fifteen epochs leave the generator crude, and 6,000 pictures are not few: the source trains its GANs for thousands of epochs.',
  'cgan-kd/regression':
    'A generator of 200 images of 64x64 in 60 epochs paints cells that the teacher counts badly.',
  sns: 'It learns without labels, and the control learns with them: beside labels, its terms take most of the gradient.',
  'cwd/segmentation':
    'Teacher and control lie close together on these images, so that there is little to hand on.',
  pi: 'Teacher and control lie close together on these images, so that there is little to hand on.',
  pa: 'At its published weight it is a few per cent of the gradient: neither help nor harm.',
  la: 'No weight is published; at 1 the neighbours’ affinities drown the labels of small masks.',
  csc: 'Correlations of all positions tell of large objects, and nuclei at 64x64 are a few pixels.',
  ifvd: 'The published 200 makes it most of the gradient; three classes, one a border of a pixel, have poor prototypes.',
  ho: 'The source weighs it 0.1 beside soft targets and in long trainings; alone and briefly, the critic only disturbs.',
  'det-li': 'Imitating whole maps spends a small student on the background.',
  'det-wang': 'Regions near boxes cover most of such crowded images, so that little is left out.',
  'det-zm': 'A sixth of the gradient at its published weights, without effect in so short a training.',
};
