#include "server/ops/seed_words.hpp"

namespace bookings {
namespace {

constexpr demo_subject subjects[] = {
    {"Mathematics", 800, {"Algebra made clear", "Calculus for HSC", "Geometry and trigonometry"}},
    {"Physics", 850, {"Mechanics step by step", "Electricity and magnetism", "Physics for admission tests"}},
    {"Chemistry", 800, {"Organic chemistry without fear", "Chemistry for SSC", "Physical chemistry problems"}},
    {"Biology", 700, {"Cell biology and genetics", "Biology for medical admission", "Human body, explained"}},
    {"Statistics", 950, {"Statistics for beginners", "Probability with examples", "Statistics with R"}},
    {"Programming", 1200, {"Python from zero", "C++ for contests", "Data structures and algorithms"}},
    {"Web development", 1100, {"Your first web site", "JavaScript in practice", "Building an API"}},
    {"Accounting", 750, {"Accounting basics", "Cost accounting for BBA", "Reading a balance sheet"}},
    {"Economics", 750, {"Microeconomics in plain words", "Macroeconomics for HSC", "Economics essays"}},
    {"ICT", 600, {"ICT for HSC", "Spreadsheets that work", "Computer basics for all ages"}},
    {"English", 600, {"Spoken English", "English grammar, once and for all", "Writing a good essay"}},
    {"IELTS", 1300, {"IELTS speaking to band 7", "IELTS writing, task 1 and 2", "IELTS in eight weeks"}},
    {"Bangla", 500, {"Bangla literature for SSC", "Bangla for foreigners", "Bangla grammar and composition"}},
    {"Arabic", 600, {"Reading the Quran", "Arabic conversation", "Arabic grammar for beginners"}},
    {"French", 1000, {"French for travel", "DELF A1 and A2", "French conversation"}},
    {"Guitar", 700, {"Guitar for beginners", "Fingerstyle guitar", "Songs you love, on guitar"}},
    {"Piano", 1100, {"First steps at the piano", "Piano for children", "Reading music"}},
    {"Singing", 650, {"Rabindra Sangeet", "Classical vocal training", "Find your voice"}},
    {"Drawing", 500, {"Pencil drawing", "Watercolour landscapes", "Drawing for children"}},
    {"Chess", 400, {"Chess openings", "Chess tactics every week", "Chess for school teams"}},
};

constexpr std::string_view first_names[] = {
    "Nusrat", "Anisur", "Farhana", "Tanvir", "Ayesha", "Rafiq",  "Sumaiya", "Mahmud",  "Sadia", "Imran",
    "Tasnim", "Kamal",  "Rumana",  "Shakil", "Maliha", "Hasan",  "Jannat",  "Arif",    "Sabrina", "Nayeem",
    "Fatema", "Rashed", "Lamia",   "Zahid",  "Anika",  "Mizan",  "Priya",   "Ibrahim", "Nadia", "Sohel",
    "Emma",   "Lucas",  "Mei",     "Daniel", "Sofia",  "Omar",   "Hannah",  "Mateo",   "Yuki",  "Ingrid"};
constexpr std::string_view last_names[] = {
    "Jahan",   "Rahman", "Hossain", "Akter",   "Chowdhury", "Islam",  "Khan",   "Begum",  "Ahmed",    "Karim",
    "Sarker",  "Uddin",  "Das",     "Haque",   "Sultana",   "Mia",    "Talukder", "Bhuiyan", "Siddique", "Roy",
    "Alam",    "Kabir",  "Mollah",  "Nahar",   "Miller",    "Garcia", "Chen",   "Novak",  "Tanaka",   "Larsen",
    "Okafor",  "Rossi"};

constexpr std::string_view notes[] = {
    "I have a test next week.",
    "Please start with the exercises of chapter 4.",
    "First lesson, I am a complete beginner.",
    "Can we go through last year's questions?",
    "My daughter is 11 and a little shy.",
    "Online, please; I will send the link.",
    "I would like to practise speaking most of all.",
    "Same as last time.",
};

constexpr std::string_view good_comments[] = {
    "Explains everything twice, without being asked to.",
    "My marks went up from the first test on.",
    "Patient, punctual and well prepared.",
    "I finally understand it. We go on next term.",
    "My son asks when the next lesson is: that has never happened before.",
};
constexpr std::string_view fair_comments[] = {
    "Good lessons, a little fast for me.",
    "Knows the subject well; more exercises would help.",
    "Fine, but we began late.",
};
constexpr std::string_view poor_comments[] = {
    "Most of the hour went into setting up the call.",
    "Not what I had expected from the description.",
};

constexpr std::string_view bios[] = {
    "Teaching since 2015, in schools and at home. Questions are welcome at any time.",
    "I studied at the University of Dhaka and teach what I love.",
    "Small steps, many exercises, and a test of your own after each chapter.",
    "Lessons for all ages, online or at my desk in Dhanmondi.",
};
constexpr std::string_view cities[] = {"Dhaka", "Dhaka", "Dhaka", "Chattogram", "Sylhet", "Khulna", "Rajshahi"};

}  // namespace

std::span<const demo_subject> demo_subjects() noexcept { return subjects; }
std::span<const std::string_view> demo_first_names() noexcept { return first_names; }
std::span<const std::string_view> demo_last_names() noexcept { return last_names; }
std::span<const std::string_view> demo_notes() noexcept { return notes; }
std::span<const std::string_view> demo_comments(int rating) noexcept {
  if (rating >= 4) return good_comments;
  if (rating == 3) return fair_comments;
  return poor_comments;
}
std::span<const std::string_view> demo_bios() noexcept { return bios; }
std::span<const std::string_view> demo_cities() noexcept { return cities; }

}  // namespace bookings
