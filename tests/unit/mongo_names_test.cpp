// Our names for collections and members, and another program's.
#include "server/stores/mongo/names.hpp"

#include <gtest/gtest.h>

namespace bookings::mongo {
namespace {

name_map fields(std::string_view text) {
  name_map map;
  EXPECT_EQ(read_member_names(text, map), std::nullopt);
  return map;
}
std::string wrong_fields(std::string_view text) {
  name_map map;
  return read_member_names(text, map).value_or("");
}
std::string wrong_collections(std::string_view text) {
  name_map map;
  return read_collection_names(text, map).value_or("");
}

std::string json(const document& what) {
  char* text = bson_as_relaxed_extended_json(what.get(), nullptr);
  const std::string copied = text;
  bson_free(text);
  return copied;
}

const names lessons(fields("bookings.student=studentId, bookings.scheduledAt=date,bookings.price=cost"));
const collection_names& its() { return *lessons.of("bookings"); }

TEST(mongo_names, wrong_text_is_refused_and_says_where) {
  EXPECT_NE(wrong_fields("bookings.student").find("no list"), std::string::npos);
  EXPECT_NE(wrong_fields("bookings.studnt=pupil").find("unknown field \"bookings.studnt\""), std::string::npos);
  EXPECT_NE(wrong_fields("lessons.student=pupil").find("unknown field"), std::string::npos);
  EXPECT_NE(wrong_fields("student=pupil").find("unknown field \"student\""), std::string::npos);
  EXPECT_NE(wrong_fields("bookings.=pupil").find("unknown field"), std::string::npos);
  for (const auto* name : {"", "a.b", "$set", "_id", "__v", "1st", "a b"})
    EXPECT_NE(wrong_fields("bookings.student=" + std::string(name)).find("no name of a field"), std::string::npos) << name;
  EXPECT_NE(wrong_fields("gigs.title=a,gigs.title=b").find("twice"), std::string::npos);
  EXPECT_NE(wrong_fields("gigs.title=a,gigs.subject=a").find("two of its names to \"a\""), std::string::npos);
  EXPECT_NE(wrong_fields("gigs.title=subject").find("two of its names to \"subject\""), std::string::npos);
  EXPECT_EQ(wrong_fields("gigs.title=subject,gigs.subject=title"), "");

  EXPECT_NE(wrong_collections("lessons=bookings").find("unknown collection"), std::string::npos);
  EXPECT_NE(wrong_collections("bookings=reprise_outbox").find("no name of a collection"), std::string::npos);
  EXPECT_NE(wrong_collections("bookings=gigs").find("two of its names"), std::string::npos);
}

TEST(mongo_names, without_a_map_all_stays_as_it_is) {
  const names plain;
  EXPECT_EQ(plain.collection("bookings"), "bookings");
  EXPECT_EQ(json(plain.of("bookings")->to_stored(make("student", 1))), json(make("student", 1)));
  EXPECT_EQ(plain.of("reprise_outbox"), nullptr);
  EXPECT_EQ(plain.collection("reprise_outbox"), "reprise_outbox");
}

TEST(mongo_names, what_is_sent_has_the_databases_names_on_each_level_of_operators) {
  EXPECT_EQ(json(its().to_stored(make("student", 1, "status", "price"))), json(make("studentId", 1, "status", "price")));
  EXPECT_EQ(json(its().to_stored(make("$or", std::vector{make("student", 1), make("$and", std::vector{make("price", 2)})}))),
            json(make("$or", std::vector{make("studentId", 1), make("$and", std::vector{make("cost", 2)})})));
  EXPECT_EQ(json(its().to_stored(make("scheduledAt", make("$lt", 5)))), json(make("date", make("$lt", 5))));
  EXPECT_EQ(json(its().to_stored(make("$set", make("price", 5, "note", nullptr)))),
            json(make("$set", make("cost", 5, "note", nullptr))));
  // A value is a value, whatever it looks like.
  EXPECT_EQ(json(its().to_stored(make("note", "$price", "x", make("price", 1)))), json(make("note", "$price", "x", make("price", 1))));
}

TEST(mongo_names, stages_have_the_databases_names_also_in_paths) {
  EXPECT_EQ(json(its().to_stored_stage(make("$match", make("student", 1)))), json(make("$match", make("studentId", 1))));
  EXPECT_EQ(json(its().to_stored_stage(make("$group", make("_id", "$price", "price", make("$sum", 1))))),
            json(make("$group", make("_id", "$cost", "price", make("$sum", 1)))));
}

TEST(mongo_names, what_is_read_has_our_names_and_what_stands_in_their_way_is_left_out) {
  const auto found = its().to_ours(make("_id", 1, "studentId", 7, "student", "Rahim", "date", 8, "__v", 0));
  EXPECT_EQ(json(found), json(make("_id", 1, "student", 7, "scheduledAt", 8, "__v", 0)));
}

TEST(mongo_names, refusal_has_the_databases_names) {
  name_map map = fields("bookings.scheduledAt=date");
  ASSERT_EQ(read_collection_names("bookings=lessons", map), std::nullopt);
  const names all(map);
  const auto copied = all.of("bookings")->to_ours(make("_id", "65f0", "date", "tomorrow"));
  try {
    (void)document(copied).time("scheduledAt");
    FAIL();
  } catch (const bad_document& error) {
    EXPECT_STREQ(error.what(), "the document 65f0 of \"lessons\": \"date\" is a text and no date");
  }
}

}  // namespace
}  // namespace bookings::mongo
