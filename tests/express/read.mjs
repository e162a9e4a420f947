// node read.mjs URL DIALECT: what the app sees in its database afterwards. Each document must be valid for its schemas,
// each reference must lead somewhere, and a booking must still be one that the app can save.
import mongoose from "mongoose";

import {models} from "./models.mjs";

const [url, dialect] = process.argv.slice(2);
await mongoose.connect(url, {autoIndex: false});
const {User, Gig, Booking, Review, ManualPayment, reference, at} = models(dialect);

const all = {};
for (const [name, model, references] of [["users", User, []], ["gigs", Gig, ["teacher"]],
                                         ["bookings", Booking, ["student", "teacher", "gig"]],
                                         ["reviews", Review, ["booking", "gig", "student", "teacher"]],
                                         ["payments", ManualPayment, ["booking", "student"]]]) {
  all[name] = {};
  for (const id of (await model.collection.find({}, {projection: {_id: 1}}).toArray()).map((each) => each._id)) {
    try {
      const found = await model.findById(id).populate(references.map(reference));
      await found.validate();
      for (const each of references)
        if (!found[reference(each)]?._id) throw new Error(`${each} leads nowhere`);
      all[name][id] = found.toObject({flattenObjectIds: true});
    } catch (error) {
      all[name][id] = {invalid: error.message};
    }
  }
}

const newest = await Booking.findOne({status: "pending", [at]: {$type: "date"}}).sort({_id: -1});
newest.note = "Saved by the app";
await newest.save();
console.log(JSON.stringify(all));
await mongoose.disconnect();
