#include "tasks.h"

#include <pthread.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <list>
#include <mutex>
#include <thread>

namespace {

// Few, as each begins anew; more than one, to even out.
constexpr i32 kChunksPerThread = 8;
// A thread that has nothing to do looks around for so long before it sleeps: the next job comes sooner, mostly.
constexpr std::chrono::microseconds kPatience(40);

struct Job {
  const Kernel kernel;
  const void *const arguments;
  const i32 tasks, chunk;
  std::atomic<i32> next{0};
  std::atomic<i32> helpers{0};

  bool HasTasks() const { return next.load() < tasks; }
};

f32 *Scratch() {
  struct Memory {
    f32 *values = static_cast<f32 *>(std::aligned_alloc(64, scratchValues * sizeof(f32)));
    ~Memory() { std::free(values); }
  };
  static thread_local Memory memory;
  return memory.values;
}

void TakeTasks(Job &job) {
  for (;;) {
    const i32 first = job.next.fetch_add(job.chunk);
    if (first >= job.tasks) return;
    job.kernel(job.arguments, first, least(job.tasks, first + job.chunk), Scratch());
  }
}

// std::condition_variable asks for the C++ library of GCC 12.
class Condition {
 public:
  void Wait(std::unique_lock<std::mutex> &lock) { pthread_cond_wait(&condition_, lock.mutex()->native_handle()); }
  void NotifyAll() { pthread_cond_broadcast(&condition_); }

 private:
  pthread_cond_t condition_ = PTHREAD_COND_INITIALIZER;
};

class Threads {
 public:
  explicit Threads(i32 count) : count_(most(count, 1)) {
    for (i32 index = 1; index < count_; index++) std::thread([this] { Help(); }).detach();
  }

  void Run(Kernel kernel, const void *arguments, i32 tasks) {
    Job job{kernel, arguments, tasks, most(1, tasks / (count_ * kChunksPerThread))};
    std::list<Job *>::iterator place;
    {
      std::lock_guard<std::mutex> lock(mutex_);
      place = jobs_.insert(jobs_.end(), &job);
      announced_.fetch_add(1);
    }
    announcement_.NotifyAll();
    TakeTasks(job);
    {
      std::lock_guard<std::mutex> lock(mutex_);
      jobs_.erase(place);
    }
    // Nobody begins any more; who is at it has one chunk left.
    while (job.helpers.load() > 0) std::this_thread::yield();
  }

 private:
  // The first job with work left, which then knows of one helper more; null where there is none.
  Job *Join() {
    for (Job *job : jobs_)
      if (job->HasTasks()) {
        job->helpers.fetch_add(1);
        return job;
      }
    return nullptr;
  }

  void Help() {
    for (unsigned seen = announced_.load();;) {
      Job *job;
      {
        std::unique_lock<std::mutex> lock(mutex_);
        job = Join();
        if (job == nullptr) seen = announced_.load();
      }
      if (job != nullptr) {
        TakeTasks(*job);
        job->helpers.fetch_sub(1);
      } else {
        Wait(seen);
      }
    }
  }

  void Wait(unsigned seen) {
    const auto until = std::chrono::steady_clock::now() + kPatience;
    while (announced_.load() == seen && std::chrono::steady_clock::now() < until) std::this_thread::yield();
    std::unique_lock<std::mutex> lock(mutex_);
    while (announced_.load() == seen) announcement_.Wait(lock);
  }

  const i32 count_;
  std::mutex mutex_;
  Condition announcement_;
  std::list<Job *> jobs_;
  std::atomic<unsigned> announced_{0};
};

// Lives as long as the process: its threads never end.
Threads *threads = nullptr;

}  // namespace

void StartThreads(i32 count) {
  if (threads == nullptr) threads = new Threads(count);
}

void RunTasks(Kernel kernel, const void *arguments, i32 tasks) { threads->Run(kernel, arguments, tasks); }

void RunHere(Kernel kernel, const void *arguments, i32 tasks) { kernel(arguments, 0, tasks, Scratch()); }
